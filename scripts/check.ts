// `npm run check`: every static check and unit test, in CI's order. Stops at the end, not at the first failure.
import { runSteps, runStepsSideBySide } from './check/steps.ts';
import { unitSteps, staticSteps } from './check/catalogue.ts';
import { report } from './check/report.ts';

process.exitCode = report([...(await runStepsSideBySide(staticSteps)), ...(await runSteps(unitSteps))]);
