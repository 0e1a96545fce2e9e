/** @slow the first time the dependencies of earlier commits are installed. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { requireCommand } from '../../../scripts/cluster/command.ts';
import { earlierCheckout } from '../../harness/earlier-checkout.ts';
import type { Terms } from './there-and-back-process.ts';

const program = fileURLToPath(new URL('there-and-back-process.ts', import.meta.url));

interface Earlier {
  readonly commit: string;
  /** The pods of servers are others since. */
  readonly hasOtherPods: boolean;
}

describe.each<Earlier>([
  // Before the Ingress, NetworkPolicies that keep all others out, and what operators are told.
  { commit: '31787364', hasOtherPods: false },
  // Before policies, proven versions, servers for stdio and autoscaling; status was another one.
  { commit: '795cee4', hasOtherPods: true },
])('the reconciler of $commit', ({ commit, hasOtherPods }) => {
  let terms: Terms;
  const ofDeployments = (writes: readonly string[]): readonly string[] =>
    writes.filter((path) => path.includes('/deployments/'));

  beforeAll(async () => {
    const command = [process.execPath, program, await earlierCheckout(commit)];
    terms = JSON.parse(await requireCommand(command, 'run it by hand')) as Terms;
  }, 900_000);

  it('leaves servers that are taken over: each status says the same as before', () => {
    expect(terms.before.conditions).toMatchObject({
      serves: expect.arrayContaining(['Ready=True', 'Verified=True']),
      refused: expect.arrayContaining(['Accepted=False']),
      lacks: expect.arrayContaining(['Accepted=False']),
      broken: expect.arrayContaining(['Ready=False', 'Verified=False']),
    });
    expect(terms.upgraded.conditions).toEqual(terms.before.conditions);
    expect(terms.again.conditions).toEqual(terms.before.conditions);
  });

  it('goes on after a rollback with what the newer one has stored', () => {
    expect(terms.rolledBack.conditions).toEqual(terms.before.conditions);
    expect(terms.rolledBack.events).toEqual([]);
  });

  it('writes nothing more once it has taken over, nor does the newer one', () => {
    for (const { writes, events } of [terms.upgradedLater, terms.rolledBackLater, terms.againLater])
      expect({ writes, events }).toEqual({ writes: [], events: [] });
  });

  it('changes pods, or has them changed, only where they are others since', () => {
    for (const { writes } of [terms.upgraded, terms.rolledBack, terms.again])
      expect(ofDeployments(writes).length > 0).toBe(hasOtherPods);
  });
});
