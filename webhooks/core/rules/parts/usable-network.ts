import { noParameters } from '../../engine/parameters.ts';
import type { RuleInput } from '../../engine/rule.ts';
import { join } from '../../engine/violations.ts';
import type { Violation } from '../../mcpserver/violation.ts';
import { networkPeersValid } from '../network-peers-valid.ts';
import { networkPortsValid } from '../network-ports-valid.ts';
import { networkSelectorsValid } from '../network-selectors-valid.ts';

/**
 * What Kubernetes would refuse the NetworkPolicy for, callers and destinations, whichever of them is wrong: then the server
 * runs without any. A policy need not have the rules that say so by themselves.
 */
export function checkUsable(input: RuleInput): readonly Violation[] {
  return join(
    networkPeersValid.check(input, noParameters),
    networkPortsValid.check(input, noParameters),
    networkSelectorsValid.check(input, noParameters),
  );
}
