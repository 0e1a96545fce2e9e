// `npm test`: the whole suite as CI runs it. Ends with the line `N passed, N failed`.
import { e2eSteps, staticSteps, unitSteps } from './check/catalogue.ts';
import { report } from './check/report.ts';
import { runSteps, runStepsSideBySide } from './check/steps.ts';

process.exitCode = report([
  ...(await runStepsSideBySide(staticSteps)),
  ...(await runSteps([...unitSteps, ...e2eSteps])),
]);
