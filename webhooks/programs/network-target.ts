import type { ExitCode } from '../cli/exit-code.ts';
import { serveTarget, targetPort } from '../platform/network-target.ts';
import { serve, type ProgramProcess } from './serve.ts';

/** The pod that the reconciler asks whether a NetworkPolicy is enforced (networkPolicy.probe). */
export function runNetworkTarget(own: ProgramProcess): Promise<ExitCode> {
  return serve(own, { ok: true, config: { logLevel: 'info' } }, (_, { signal }) => serveTarget(targetPort, signal));
}
