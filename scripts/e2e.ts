// `npm run test:e2e [-- WORD…]`: runs e2e/cases, or those whose path has a word, on the local cluster with the chart on
// it. Arguments go to Jest.
import { runCases } from './e2e/run-cases.ts';

process.exitCode = await runCases('e2e/jest.config.js', process.argv.slice(2));
