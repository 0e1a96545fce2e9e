import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseReconcilerConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { startReconciler } from '../reconciler/start.ts';
import { serve } from './serve.ts';

/** Container 2 of the pod. */
export function runReconciler(): Promise<ExitCode> {
  return serve(parseReconcilerConfig(process.env), async (config, program) =>
    startReconciler({ ...program, config, api: await connectToCluster(), clock: systemClock }),
  );
}
