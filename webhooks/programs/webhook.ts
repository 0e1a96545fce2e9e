import { startWebhook } from '../admission/start.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseWebhookConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { serve, type ProgramProcess } from './serve.ts';
import { withLogLevel } from './with-log-level.ts';

/** Container 1 of the pod. */
export function runWebhook(own: ProgramProcess): Promise<ExitCode> {
  return serve(own, parseWebhookConfig(own.env), async (config, program) => {
    const api = await connectToCluster(own.env);
    await withLogLevel(api, { config, program }, () => startWebhook({ ...program, config, api, clock: systemClock }));
  });
}
