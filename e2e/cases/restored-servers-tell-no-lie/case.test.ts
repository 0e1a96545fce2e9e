import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, without } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const guide = readFileSync('docs/guides/backup.md', 'utf8');
const [save = '', restore = ''] = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, script]) => script ?? '');

describe('MCPServers that were saved and restored as the guide says', () => {
  const namespace = useNamespace();
  const folder = mkdtempSync(join(tmpdir(), 'backup-'));

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** In a shell, for the namespace of this case; our program as it is in this checkout. */
  function run(script: string): Promise<string> {
    const text = script.replaceAll('--namespace tools', `--namespace ${namespace}`);
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    return new Promise((done, failed) => {
      const child = spawn('sh', ['-euc', text], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part));
      child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
      child.once('error', failed);
      child.once('close', (code) => {
        if (code === 0) done(said);
        else failed(new Error(`ended with ${String(code)}: ${said}`));
      });
    });
  }

  beforeAll(async () => {
    const program = join(folder, 'mcp-lifecycle');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve('webhooks/main.ts')}' "$@"\n`, {
      mode: 0o755,
    });
    await apply(namespace, kubernetesServer('search'));
    await apply(
      namespace,
      kubernetesServer('stopped', { runtime: { replicas: 0, security: { serviceAccountName: 'default' } } }),
    );
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it('have the same names, specs and addresses, and no word of the status of before', async () => {
    const before = await get(namespace, 'mcpservers', 'search');
    await run(save);
    await kubectlOk(['delete', 'mcpservers', '--all', '--namespace', namespace]);
    await eventually('what they owned is gone', async () => {
      return (await list({ namespace }, 'deployments')).length === 0;
    });
    // Between being created and being looked at they say nothing: what was saved says that they are verified.
    expect(readFileSync(join(folder, 'mcpservers.yaml'), 'utf8')).toContain('MCP handshake succeeded');
    const [create = '', ...rest] = restore.split('\n');
    const statuses = await run(`${create} --dry-run=server --output 'jsonpath={.metadata.name}:{.status}{"\\n"}'`);
    expect(statuses).toBe('search:\nstopped:\n');
    await run(create);
    expect(await run(rest.join('\n'))).toMatch(/2 MCPServers: 2 Available, 0 Pending, 0 Failed\n$/);
    const after = await get(namespace, 'mcpservers', 'search');
    if (before === undefined || after === undefined) throw new Error('it is not there');
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.status?.address).toEqual(before.status?.address);
    const { lastTransitionTime = '' } = conditionOf(after, 'Verified') ?? {};
    expect(lastTransitionTime >= after.metadata.creationTimestamp).toBe(true);
  });

  it('are left alone where they exist, and the others come back', async () => {
    await kubectlOk(['delete', 'mcpserver', 'stopped', '--namespace', namespace]);
    const before = await get(namespace, 'mcpservers', 'search');
    await expect(run(restore.split('\n')[0] ?? '')).rejects.toThrow(/"search" already exists/);
    expect(await get(namespace, 'mcpservers', 'stopped')).toBeDefined();
    const after = await get(namespace, 'mcpservers', 'search');
    expect(without(after?.metadata, 'resourceVersion')).toEqual(without(before?.metadata, 'resourceVersion'));
  });
});
