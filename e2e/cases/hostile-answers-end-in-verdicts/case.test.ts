import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, type Condition } from '../../harness/kubectl.ts';
import { scrapeReconciler, untilComplete, untilLeader, type Leader } from '../../harness/leader.ts';
import { imageOf, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** By kind of odd-answers.ts: what Verified says about it. */
const verdicts: Readonly<Record<string, RegExp>> = {
  'id-is-an-object': /answered another request than ours \(JSON-RPC id of type object\)/,
  'id-is-nested': /nested deeper than 64 levels/,
  'answer-of-empty-objects': /more than 20000 values/,
  'early-hints': /more than 16 interim answers/,
};

describe('servers that answer what no server should', () => {
  const namespace = useNamespace();
  let before: Leader;

  beforeAll(async () => {
    await untilComplete();
    before = await untilLeader();
    for (const kind of [...Object.keys(verdicts), 'texts-that-break', 'list-of-empty-objects']) {
      await apply(namespace, {
        apiVersion: 'mcp.x-k8s.io/v1beta1',
        kind: 'MCPServer',
        metadata: { name: kind },
        spec: {
          source: { type: 'ContainerImage', containerImage: { ref: imageOf('odd-mcp-server') } },
          config: { port: 8080, arguments: ['8080', kind] },
          extensions: { verification: { periodSeconds: 5 } },
        },
      });
    }
  });

  it.each(Object.entries(verdicts))('are told about it: %s', async (kind, message) => {
    await untilCondition(namespace, kind, { type: 'Verified', status: 'False' });
    // The first failure may be a refused connection.
    const read = async (): Promise<Condition | undefined> =>
      conditionOf(await get(namespace, 'mcpservers', kind), 'Verified');
    const isTold = async (): Promise<boolean> => message.test((await read())?.message ?? '');
    await eventually(`Verified says ${String(message)}`, isTold, { describe: read });
  });

  it('are verified with texts that the API server takes, and without a list that is too long', async () => {
    const broken = await untilCondition(namespace, 'texts-that-break', { type: 'Verified', status: 'True' });
    const { instructions } = broken.status?.['serverInfo'] as { readonly instructions: string };
    expect(instructions).toBe(`${'i'.repeat(1_999)}\u{1f980}`);
    const long = await untilCondition(namespace, 'list-of-empty-objects', { type: 'Verified', status: 'True' });
    expect(JSON.stringify(long.status?.['extensions'])).toContain('more than 20000 values');
  });

  it('neither end the reconciler nor take the Lease from it', async () => {
    expect(await untilLeader()).toEqual(before);
    const metrics = await scrapeReconciler(before.pod);
    const unexpected = [...metrics.matchAll(/^mcp_lifecycle_unexpected_errors_total\{.*\} (\d+)$/gm)];
    expect(unexpected.map(([, count]) => count)).toEqual(['0', '0']);
  });
});
