import { printable, shortenEnd, shortenMiddle } from '../core/engine/text.ts';

/** What judges without a policy; core/rules/built-in-policy.ts. */
const builtInProfile = 'restricted';

/** Which policy judged, as JSON has it: a file, what is in force in a cluster, or the profile that judges without a policy. */
export type JudgedBy =
  | { readonly file: string }
  /** `configMap`: namespace/name. */
  | { readonly context: string; readonly configMap: string }
  /** `because`: why it was not the one of the cluster, or that the cluster has none; absent where no cluster was asked. */
  | { readonly profile: typeof builtInProfile; readonly context?: string; readonly because?: string };

export const byBuiltIn: JudgedBy = { profile: builtInProfile };

export function byBuiltInOf(context: string, because: string): JudgedBy {
  return { profile: builtInProfile, context, because: shortenEnd(printable(because), maxReasonLength) };
}

/** Longest clause that says why, in characters. */
const maxReasonLength = 500;

const maxNameLength = 400;

/** Behind `policy: `, of one or of several clusters. */
export function renderPolicies(policies: readonly JudgedBy[]): string {
  const [only] = policies;
  if (only !== undefined && policies.length === 1) return renderJudgedBy(only);
  return policies
    .map((by) => ('profile' in by ? `in ${printable(by.context ?? '')} ` : '') + renderJudgedBy(by))
    .join(' and ');
}

/** Behind `policy: `. */
export function renderJudgedBy(by: JudgedBy): string {
  if ('file' in by) return shortenMiddle(printable(by.file), maxNameLength);
  if ('configMap' in by) return shortenMiddle(printable(`ConfigMap ${by.configMap} of ${by.context}`), maxNameLength);
  const why = by.because === undefined ? '' : `, because ${by.because}`;
  return `${by.profile}, the built-in profile${why}`;
}
