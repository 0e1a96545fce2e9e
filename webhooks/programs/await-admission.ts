import { awaitAdmission } from '../admission/await-admission.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseAwaitAdmissionConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { serve, type ProgramProcess } from './serve.ts';

/** The chart's hook Job. */
export function runAwaitAdmission(own: ProgramProcess): Promise<ExitCode> {
  return serve(own, parseAwaitAdmissionConfig(own.env), async ({ namespace, compatibility }, { log, signal }) =>
    awaitAdmission({
      ...{ api: await connectToCluster(own.env), clock: systemClock },
      ...{ log, signal, namespace, compatibility },
    }),
  );
}
