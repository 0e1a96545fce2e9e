import { oneLine } from '../core/engine/text.ts';
import { recordAt, stringAt } from './kube/object.ts';

/** Whether a NetworkPolicy kept two pods apart that spoke without it. `Unknown`: nobody could find out. */
export const networkOutcomes = ['Enforced', 'NotEnforced', 'Unknown'] as const;
export type NetworkOutcome = (typeof networkOutcomes)[number];

/** What was found out, as the ConfigMap keeps it. */
export interface NetworkVerdict {
  readonly outcome: NetworkOutcome;
  /** Of what is unknown: why, a clause. */
  readonly because?: string;
  /** RFC 3339. */
  readonly askedAt: string;
  /** Version of the program that asked. */
  readonly release: string;
}

/** Longest cause, in characters: an API server quotes whoever refused. */
const maxLength = 500;

/** Undefined where nobody has asked yet, or where somebody wrote something else. */
export function networkVerdictIn(configMap: unknown): NetworkVerdict | undefined {
  const data = recordAt(configMap, 'data');
  const outcome = networkOutcomes.find((one) => one === stringAt(data, 'outcome'));
  const askedAt = stringAt(data, 'askedAt') ?? '';
  if (outcome === undefined || Number.isNaN(Date.parse(askedAt))) return undefined;
  const because = stringAt(data, 'because');
  return {
    ...{ outcome, askedAt: new Date(askedAt).toISOString(), release: stringAt(data, 'release') ?? '' },
    ...(because === undefined ? {} : { because: oneLine(because, maxLength) }),
  };
}

/** For a merge patch: what is not said now is taken away. */
export function networkVerdictData({ because, ...verdict }: NetworkVerdict): Readonly<Record<string, string | null>> {
  return { ...verdict, because: because === undefined ? null : oneLine(because, maxLength) };
}
