import { startWebhook } from '../admission/start.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { parseWebhookConfig } from '../platform/config.ts';
import { connectToCluster } from '../platform/kube/connect.ts';
import { serve } from './serve.ts';

/** Container 1 of the pod. */
export function runWebhook(): Promise<ExitCode> {
  return serve(parseWebhookConfig(process.env), async (config, program) =>
    startWebhook({ ...program, config, api: await connectToCluster(), clock: systemClock }),
  );
}
