import { splitPem } from '../pem.ts';
import { findTrustAnchor } from '../trust-bundle.ts';

/** What held from a moment on until the next entry, or until `to`. Milliseconds since 1970. */
export interface Span {
  readonly pem: string;
  readonly from: number;
  to: number;
}

/** API servers may go by a bundle for so long after it was replaced, in milliseconds. */
export const clientDelayMs = 60_000;

/**
 * Every time at which a client that trusts what a webhook configuration says, or said within the last minute, could not
 * have verified what some replica presented. Looks at every overlap and not at samples.
 */
export function findGaps(bundles: readonly Span[], served: readonly Span[]): readonly string[] {
  return bundles.flatMap((bundle) =>
    served.flatMap((serving) => {
      const from = Math.max(bundle.from, serving.from);
      const to = Math.min(bundle.to + clientDelayMs, serving.to);
      if (from >= to) return [];
      const problem = findProblem(bundle.pem, serving.pem, { from, to });
      return problem === undefined ? [] : [`${new Date(from).toISOString()}: ${problem}`];
    }),
  );
}

/** A verification as OpenSSL would do it at both ends of the time, and so at every moment in between. */
function findProblem(
  bundle: string,
  serving: string,
  time: { readonly from: number; readonly to: number },
): string | undefined {
  const anchor = findTrustAnchor(serving, bundle);
  const [certificate] = splitPem(serving);
  if (anchor === undefined || certificate === undefined) return 'the bundle does not trust the certificate';
  const invalid = [anchor, certificate].find(
    ({ validFrom, validTo }) => Date.parse(validFrom) > time.from || Date.parse(validTo) < time.to,
  );
  return invalid === undefined ? undefined : `${invalid.subject} was valid until ${invalid.validTo} only`;
}
