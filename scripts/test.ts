// `npm test`: the whole suite as CI runs it. Ends with the line `N passed, N failed`.
import { aloneSteps, buildSteps, installingSteps, sideBySideSteps, staticSteps, unitSteps } from './check/catalogue.ts';
import { report } from './check/report.ts';
import { runBeside } from './check/steps.ts';

process.exitCode = report([
  ...(await runBeside([sideBySideSteps], [...staticSteps, ...buildSteps])),
  // Unit tests have limits of time: not beside what keeps all processors busy.
  ...(await runBeside([installingSteps, aloneSteps], unitSteps)),
]);
