import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseReconcilerConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { startReconciler } from '../reconciler/start.ts';
import { serve, type ProgramProcess } from './serve.ts';
import { withLogLevel } from './with-log-level.ts';

/** Container 2 of the pod. */
export function runReconciler(own: ProgramProcess): Promise<ExitCode> {
  return serve(own, parseReconcilerConfig(own.env), async (config, program) => {
    const api = await connectToCluster(own.env);
    await withLogLevel(api, { config, program }, () =>
      startReconciler({ ...program, config, api, clock: systemClock }),
    );
  });
}
