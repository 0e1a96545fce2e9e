import { startWebhook } from '../admission/start.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseWebhookConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { serve, type ProgramProcess } from './serve.ts';

/** Container 1 of the pod. */
export function runWebhook(own: ProgramProcess): Promise<ExitCode> {
  return serve(own, parseWebhookConfig(own.env), async (config, program) =>
    startWebhook({ ...program, config, api: await connectToCluster(own.env), clock: systemClock }),
  );
}
