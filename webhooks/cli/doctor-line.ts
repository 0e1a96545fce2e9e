import { oneLine } from '../core/engine/text.ts';

/**
 * What one line says. Problem: something does not work, or will not soon. Warning: it works, and not as it should. Unknown:
 * it could not be looked at. Note: worth knowing. Ok: as it should be.
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
  'log',
  'servers',
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

export interface NotKnown {
  /** A clause behind "Not known". */
  readonly what: string;
  /** A clause. */
  readonly because: string;
  /** The right that it takes, behind "who may". */
  readonly right: string;
}

/** Of what could not be looked at. */
export function notKnown(topic: Topic, { what, because, right }: NotKnown): DoctorLine {
  return { topic, level: 'unknown', found: `Not known ${what}: ${because}`, remedy: `Ask somebody who may ${right}` };
}
