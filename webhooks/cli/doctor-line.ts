import { oneLine } from '../core/engine/text.ts';
import type { NotSeen } from './doctor-survey.ts';

/**
 * What one line says. Problem: something does not work, or will not soon. Warning: it works, and not as it should. Unknown:
 * it may not be looked at. Note: worth knowing. Ok: as it should be.
 */
export const lineLevels = ['problem', 'warning', 'unknown', 'note', 'ok'] as const;
export type LineLevel = (typeof lineLevels)[number];

/** What was looked at. */
export const topics = [
  'kubernetes',
  'crd',
  'release',
  'pods',
  'webhooks',
  'certificate',
  'leader',
  'policy',
  'apis',
  'network',
  'log',
  'servers',
  'composites',
] as const;
export type Topic = (typeof topics)[number];

export interface DoctorLine {
  readonly topic: Topic;
  readonly level: LineLevel;
  /** A sentence, without its full stop. */
  readonly found: string;
  /** What to do: an imperative sentence; of a problem, a warning and what is not known. */
  readonly remedy?: string;
}

/** Longest sentences, in characters: causes quote what somebody else wrote. */
const maxLength = 900;

/** On one line each, whatever they quote. */
export function bounded({ found, remedy, ...line }: DoctorLine): DoctorLine {
  return {
    ...line,
    found: oneLine(found, maxLength),
    ...(remedy === undefined ? {} : { remedy: oneLine(remedy, maxLength) }),
  };
}

/** `2026-11-30 10:00 UTC`; to the minute. */
export function renderMoment(moment: string): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export interface NotKnown {
  /** A clause behind "Not known". */
  readonly what: string;
  /** Why it could not be looked at. */
  readonly seen: NotSeen;
  /** The right that it takes, behind "who may". */
  readonly right: string;
}

/** Of what could not be looked at: for want of a right, or because the API server fails, which no right helps against. */
export function notKnown(topic: Topic, { what, seen, right }: NotKnown): DoctorLine {
  const found = `Not known ${what}: ${seen.because}`;
  return seen.isFailure === true
    ? { topic, level: 'problem', found, remedy: 'Try again; if it stays so, look at the API server and its log' }
    : { topic, level: 'unknown', found, remedy: `Ask somebody who may ${right}` };
}
