import { awaitAdmission } from '../admission/await-admission.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseAwaitAdmissionConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { serve } from './serve.ts';

/** The chart's hook Job. */
export function runAwaitAdmission(): Promise<ExitCode> {
  return serve(parseAwaitAdmissionConfig(process.env), async ({ namespace }, { log, signal }) =>
    awaitAdmission({ api: await connectToCluster(), clock: systemClock, log, signal, namespace }),
  );
}
