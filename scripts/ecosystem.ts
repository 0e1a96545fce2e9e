// `npm run test:ecosystem [-- WORD…]`: the cases of e2e/ecosystem, in which what is of other projects meets ours on the local
// cluster, as it really is. Arguments go to Jest.
import { runCases } from './e2e/run-cases.ts';

process.exitCode = await runCases('e2e/ecosystem.jest.config.js', process.argv.slice(2));
