import type { Session } from './handshake-era.ts';
import type { Looks } from './second-look.ts';

/** What one probe leaves to the next one of the same pods; nobody else reads it. */
export interface ProbeMemory {
  readonly session?: Session;
  /** How often in a row `ping` was refused in a session that should have been good. */
  readonly refusedPings?: number;
  /** How often in a row no answer came from the era that used to give one, or from either. */
  readonly silences?: number;
  readonly looks?: Looks;
}
