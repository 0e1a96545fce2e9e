import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { runInside } from '../../harness/node-pod.ts';

describe('a server whose tools are pinned, and which lists one more while it runs', () => {
  const namespace = useNamespace();
  const toolsOf = (server: KubeObject | undefined): Readonly<Record<string, unknown>> =>
    ((server?.status?.['extensions'] ?? {}) as { tools?: Record<string, unknown> }).tools ?? {};
  const annotate = (value: string): Promise<string> =>
    kubectlOk([
      ...['annotate', 'mcpserver', 'search', '--namespace', namespace, '--overwrite'],
      `mcp-lifecycle/accept-tool-contract=${value}`,
    ]);
  const pods = async (): Promise<readonly (string | undefined)[]> =>
    (await list({ namespace }, 'pods', 'mcp-server=search')).map(({ metadata }) => metadata.uid);

  it('is not Verified from then on, names both digests, and its pods and its address stay', async () => {
    const extensions = { verification: { periodSeconds: 5 }, toolContract: { mode: 'Pin' } };
    await apply(namespace, oddServer('search', 'good', { extensions }));
    const before = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const { digest: accepted } = toolsOf(before);
    expect(toolsOf(before)['accepted']).toBe(accepted);
    const podsBefore = await pods();
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=search');
    await runInside(namespace, pod?.metadata.name ?? '', `fetch('http://127.0.0.1:8080/more', { method: 'POST' })`);
    const changed = { type: 'Verified', status: 'False', reason: 'ToolContractChanged' };
    const after = await untilCondition(namespace, 'search', changed);
    const { digest: found } = toolsOf(after);
    expect(found).not.toBe(accepted);
    const message = after.status?.conditions?.find(({ type }) => type === 'Verified')?.message;
    expect(message).toContain(`found ${String(found)}, accepted is ${String(accepted)}`);
    expect(after.status?.['address']).toEqual(before.status?.['address']);
    expect(await pods()).toEqual(podsBefore);
  });

  it('is listed by the command line, which is brought to its pod: with the digest that is in status', async () => {
    const args = ['webhooks/main.ts', 'contract', 'get', '--namespace', namespace, 'mcpserver/search'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { digest } = toolsOf(await get(namespace, 'mcpservers', 'search'));
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^[0-9a-f]{8} {2}read-only +echo$/),
      expect.stringMatching(/^[0-9a-f]{8} {2}destructive, open world +remove$/),
      `2 tools: ${String(digest)}`,
    ]);
  });

  it('is Verified again when that digest is accepted, and not when something else is', async () => {
    const { digest, accepted } = toolsOf(await get(namespace, 'mcpservers', 'search'));
    await annotate('true');
    await eventually('the annotation is said to be no digest', async () => {
      const server = await get(namespace, 'mcpservers', 'search');
      return JSON.stringify(server?.status?.conditions).includes('accepts nothing: its value is no digest');
    });
    expect(toolsOf(await get(namespace, 'mcpservers', 'search'))['accepted']).toBe(accepted);
    await annotate(String(digest));
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(toolsOf(server)).toMatchObject({ digest, accepted: digest });
  });

  it('is not Verified as one that may only read', async () => {
    const extensions = { verification: { periodSeconds: 5 }, toolContract: { mode: 'Pin', allow: 'ReadOnly' } };
    await apply(namespace, oddServer('search', 'good', { extensions }));
    const refused = { type: 'Verified', status: 'False', reason: 'ToolNotAllowed' };
    const server = await untilCondition(namespace, 'search', refused);
    expect(JSON.stringify(server.status?.conditions)).toContain('a tool that does not say that it is read-only');
  });
});
