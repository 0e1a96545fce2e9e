import type { Action } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';

/** What becomes of a rule where it is not that its denial is a warning. */
interface Treatment {
  /** It goes on refusing. */
  readonly refuses?: true;
  /** Whether nothing is rolled out while it finds something; absent: as ever. */
  readonly holdsBack?: boolean;
}

/** Only `spec.extensions` is judged, which no manifest that was written for the reference operator has. */
const ofExtensions: Treatment = { refuses: true };
/** The reference operator lets it in, and says `Accepted=False` until it is mended. */
const toldInConditions: Treatment = { holdsBack: true };
/** The reference operator does not look: pods wait for it, and their failure is told. */
const notLookedAt: Treatment = { holdsBack: false };

/** By the ids of rules. Of all others the reference operator says nothing, or what the API server says later. */
const underReference: Readonly<Record<string, Treatment>> = {
  'autoscaling-valid': ofExtensions,
  'claims-valid': ofExtensions,
  'config-map-key-exists': notLookedAt,
  'egress-hosts-enforced': ofExtensions,
  'egress-hosts-valid': ofExtensions,
  'ingress-allowed': ofExtensions,
  'ingress-valid': ofExtensions,
  'metrics-from-effective': ofExtensions,
  'metrics-port-exists': ofExtensions,
  'network-peers-valid': toldInConditions,
  'network-ports-valid': toldInConditions,
  'references-named': toldInConditions,
  'scale-to-zero-wakes': ofExtensions,
  'scheduling-valid': ofExtensions,
  'secret-key-exists': notLookedAt,
  'stdio-command-required': ofExtensions,
  'stdio-settings-usable': ofExtensions,
  'tls-trust-exclusive': toldInConditions,
};

/** The rules that the table names; a test looks whether there are such. */
export const namedUnderReference: readonly string[] = Object.keys(underReference);

/** What becomes of `action`, which the rule has where no entry of the policy names it. */
export function actionUnder(compatibility: CompatibilityProfile, rule: Rule, action: Action): Action {
  const isKept =
    compatibility === 'default' ||
    action !== 'deny' ||
    // A policy asked for it, with its eyes open.
    rule.isOptIn === true ||
    treatmentOf(rule)?.refuses === true;
  return isKept ? action : 'warn';
}

/** Whether nothing is rolled out while the rule finds something. */
export function holdsBackUnder(compatibility: CompatibilityProfile, rule: Rule): boolean {
  const own = rule.holdsBack === true;
  return compatibility === 'default' ? own : (treatmentOf(rule)?.holdsBack ?? own);
}

function treatmentOf({ id }: Rule): Treatment | undefined {
  return Object.hasOwn(underReference, id) ? underReference[id] : undefined;
}
