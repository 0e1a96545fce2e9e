import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, type KubectlResult } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('what render prints of a manifest', () => {
  const namespace = useNamespace();
  const manifest = kubernetesServer('search');

  /** One List, as JSON. */
  function render(): string {
    const args = ['webhooks/main.ts', 'render', '--output', 'json', '--namespace', namespace, '-'];
    const input = JSON.stringify(manifest);
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  it('is what the cluster stores', async () => {
    await apply(namespace, manifest);
    const { items } = JSON.parse(render()) as { items: readonly { kind: string; spec: unknown }[] };
    expect(items[0]?.kind).toBe('MCPServer');
    expect((await get(namespace, 'mcpservers', 'search'))?.spec).toEqual(items[0]?.spec);
  });

  it('and what it builds: kubectl diff finds nothing', async () => {
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const rendered = render();
    const diff = (): Promise<KubectlResult> => kubectl(['diff', '--filename', '-'], rendered);
    // It compares statuses, too: one that is written between its two looks is a difference that is gone at the next.
    const { stdout, stderr } = await eventually(
      'kubectl diff finds nothing',
      async () => {
        const found = await diff();
        return found.code === 0 && found;
      },
      { describe: diff },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });
});
