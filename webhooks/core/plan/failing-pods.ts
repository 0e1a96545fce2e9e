import { oneLine } from '../engine/text.ts';
import { present } from '../mcpserver/record.ts';
import type { FailingPod, Verification } from './observed.ts';

/** How many pods are named, and how much of what came back from each is told, in characters. The CRD has the same bounds. */
const maxNamed = 3;
const maxMessageLength = 256;

/**
 * What is known of an endpoint some of whose pods speak MCP, and others do not. It counts as failed, whoever of them the
 * Service led us to: it sends each client to one of them, so for some the server is down, and waiting does not change that.
 */
export function withFailingPods(
  verification: Verification,
  failing: readonly FailingPod[],
  servingPods: number,
): Verification {
  if (failing.length === 0 || verification.state === 'not-attempted' || verification.state === 'throttled')
    return verification;
  const failingPods = failing
    .slice(0, maxNamed)
    .map(({ name, message }) => ({ name, message: oneLine(message, maxMessageLength) }));
  const { era } = verification;
  const failures = verification.state === 'failed' ? verification.failures : undefined;
  const message = sayFailing(failingPods, failing.length, servingPods);
  const cause = `pods ${failing.length} ${failingPods.map(({ name }) => name).join(' ')}`;
  return present({ state: 'failed', message, failingPods, cause, failures, era });
}

function sayFailing(named: readonly FailingPod[], failing: number, serving: number): string {
  const pods = named.map(({ name, message }) => `pod ${name}: ${message}`).join('; ');
  const more = failing > named.length ? `; and ${failing - named.length} more` : '';
  const them = failing === 1 ? 'it' : 'them';
  return `${failing} of ${serving} pods ${failing === 1 ? 'does' : 'do'} not speak it, so a part of the calls fails (${pods}${more}): delete ${them} to get new ones, and let a liveness probe notice it the next time`;
}
