import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilPhase } from '../../harness/rollouts.ts';
import { readyWhenTold, tellReady } from '../../harness/told-ready.ts';

const release = (kind: string, verify: string, version: string): object =>
  oddServer('search', kind, {
    config: { port: 8080, arguments: ['8080', kind], env: [{ name: 'VERSION', value: version }] },
    extensions: { rollout: { verify } },
    // What is put back is on its way until it is told otherwise.
    ...(kind === 'good' ? { runtime: readyWhenTold } : {}),
  });

describe('a server whose version did not speak MCP, and is put back', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, release('good', 'AfterSwitch', '1'));
    await tellReady(namespace, 'search');
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it('is told to serve what does until then; another change meanwhile is proven first, and what served comes back', async () => {
    await apply(namespace, release('redirects', 'AfterSwitch', '2'));
    const before = await untilPhase(namespace, 'search', 'RolledBack');
    await apply(namespace, release('redirects', 'Candidate', '3'));
    expect(conditionOf(before, 'Available')).toMatchObject({ status: 'True', observedGeneration: 2 });
    expect(conditionOf(before, 'Stalled')?.message).toMatch(
      /; they serve until those of generation 1, which are put back/,
    );
    await untilPhase(namespace, 'search', 'Rejected', 'CandidateNotVerified');
    const spec = JSON.stringify((await get(namespace, 'deployments', 'search'))?.spec);
    expect(spec).toContain('"good"');
    await tellReady(namespace, 'search');
    await eventually('what served is Verified', async () => {
      const { status, observedGeneration } =
        conditionOf(await get(namespace, 'mcpservers', 'search'), 'Verified') ?? {};
      return status === 'True' && observedGeneration === 1;
    });
  });
});
