import { parseBridgeConfig } from '../bridge/config.ts';
import { startBridge } from '../bridge/start.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { systemClock } from '../platform/clock.ts';
import { serve, type ProgramProcess } from './serve.ts';

/** The sidecar of a server that speaks over its standard input and output. */
export function runBridge(own: ProgramProcess): Promise<ExitCode> {
  return serve(own, parseBridgeConfig(own.env), (config, program) =>
    startBridge({ ...program, config, clock: systemClock }),
  );
}
