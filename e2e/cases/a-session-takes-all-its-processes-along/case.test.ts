import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import { stdioServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, runInside, startNodePods } from '../../harness/node-pod.ts';

/** As a browser is to the server that drives it: in a process group of its own, without its environment, deaf to SIGTERM. */
const helper = "process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1e6)";

const server = `
  const options = { detached: true, stdio: 'ignore', env: {} };
  require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(helper)}], options).unref();
  console.error('a helper was started');
  process.argv.splice(1, 0, 'stdio-mcp-server');
  require('/app/stdio-mcp-server.cjs');`;

describe('a session of a server over standard input and output', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await Promise.all([
      startNodePods(namespace, [{ name: 'client' }]),
      apply(namespace, stdioServer('browsing', {}, { command: [node, '-e', server, 'legacy'] })),
    ]);
    await untilCondition(namespace, 'browsing', { type: 'Verified', status: 'True' });
  });

  async function podName(): Promise<string> {
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=browsing');
    return pod?.metadata.name ?? '';
  }

  async function argumentsFor(container: string, script: string): Promise<readonly string[]> {
    return ['exec', '--namespace', namespace, await podName(), '--container', container, '--', node, '-e', script];
  }

  /** What runs in the server's container beside its first process and what looks: zombies, too. */
  async function processes(): Promise<readonly string[]> {
    const script = `
      const { readdirSync } = require('node:fs');
      const pids = readdirSync('/proc').filter((name) => /^\\d+$/.test(name));
      console.log(JSON.stringify(pids.filter((pid) => pid !== '1' && pid !== String(process.pid))));`;
    return JSON.parse(await kubectlOk(await argumentsFor('mcp-server', script))) as readonly string[];
  }

  /** Two sessions are begun: two servers, each with its helper. The verification may have one of its own. */
  async function beginTwo(): Promise<{ readonly sessions: readonly string[]; readonly pids: readonly string[] }> {
    const before = new Set(await processes());
    const sessions = await begin();
    const pids = await eventually('there are two servers with their helpers', async () => {
      const begun = (await processes()).filter((pid) => !before.has(pid));
      return begun.length >= 4 ? begun : undefined;
    });
    return { sessions, pids };
  }

  async function untilGone(pids: readonly string[]): Promise<void> {
    await eventually('none of them is left', async () => {
      const left = new Set(await processes());
      return !pids.some((pid) => left.has(pid));
    });
  }

  /** Begins two sessions, and returns what names them. */
  async function begin(): Promise<readonly string[]> {
    const script = `
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
      const begin = async () => {
        const begun = await fetch('http://browsing.${namespace}.svc:8080/mcp', { method: 'POST', headers, body });
        await begun.text();
        return begun.headers.get('mcp-session-id');
      };
      Promise.all([begin(), begin()]).then((sessions) => console.log(JSON.stringify(sessions)));`;
    return JSON.parse(await runInside(namespace, 'client', script)) as readonly string[];
  }

  it('ends with whatever its process has started, wherever that went', async () => {
    const { sessions, pids } = await beginTwo();
    const script = `
      const end = (session) => fetch('http://browsing.${namespace}.svc:8080/mcp', { method: 'DELETE',
        headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' } });
      Promise.all(${JSON.stringify(sessions)}.map(end)).then((ended) => console.log(ended.map(({ ok }) => ok).join()));`;
    expect(await runInside(namespace, 'client', script)).toBe('true,true');
    await untilGone(pids);
  });

  it('ends with the bridge, without a restart of the container that has the processes', async () => {
    const { pids } = await beginTwo();
    // Whoever says it ends with the container, maybe before it is heard to have said so.
    await kubectl(await argumentsFor('mcp-bridge', "process.kill(1, 'SIGTERM')"));
    await untilGone(pids);
    const { status } = (await get(namespace, 'pods', await podName())) ?? {};
    const [container] = status?.['containerStatuses'] as readonly { readonly restartCount: number }[];
    expect(container?.restartCount).toBe(0);
  });

  it('says on stderr what is in the log of the container, by session', async () => {
    const log = await kubectlOk(['logs', '--namespace', namespace, await podName(), '--container', 'mcp-server']);
    const labels = [...log.matchAll(/^\[([0-9a-f]{8})\] a helper was started$/gm)].map(([, label]) => label);
    expect(new Set(labels).size).toBeGreaterThanOrEqual(5);
    expect(log).not.toContain('jsonrpc');
  });
});
