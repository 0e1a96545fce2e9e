/** @slow a dozen rollouts of pods with three containers, most of them side by side. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { whileBothAreCalling } from '../../harness/client-loop.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, list } from '../../harness/kubectl.ts';
import {
  everythingServer,
  imageOf,
  kubernetesServer,
  stdioCommand,
  stdioServer,
  untilCondition,
} from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, runInside, startNodePods } from '../../harness/node-pod.ts';
import { untilPodsAre, untilRolledOut } from '../../harness/rollouts.ts';

const legacy = { command: [...stdioCommand, 'legacy'] };
const token = (value: string): object => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, stringData: { value } },
});
const withToken = { env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } }] };

/** Answers each request with an error, as no MCP server does. */
const refusing = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id } = JSON.parse(line);
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: 'no' } }));
});`;

/** A script of which the interpreter is not in the image. */
const withoutInterpreter = {
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'script' }, data: { run: '#!/no/such/interpreter\n' } },
};
const withScript = {
  port: 8080,
  storage: [{ path: '/script', source: { type: 'ConfigMap', configMap: { name: 'script', defaultMode: 0o555 } } }],
};

/** Programs that serve nobody, and what the status says of each: all that the shim can leave for the kubelet. */
const failing = [
  {
    ...{ name: 'missing', spec: {}, stdio: { command: ['no-such-program'] }, advice: 'NotFound' },
    said: /exit code 127.*no program "no-such-program" in the image.*mcp-lifecycle stdio resolve/,
  },
  {
    ...{ name: 'no-program', spec: {}, stdio: { command: ['/etc/passwd'] }, advice: 'NotExecutable' },
    said: /exit code 126.*"\/etc\/passwd" in the image cannot be executed/,
  },
  {
    ...{ name: 'nowhere', spec: {}, stdio: { cwd: '/no/such/folder' }, advice: 'Cwd' },
    said: /exit code 126.*the directory that spec.extensions.stdio.cwd names/,
  },
  {
    ...{ name: 'without-interpreter', spec: { config: withScript }, stdio: { command: ['/script/run'] } },
    ...{ advice: 'NotStarted', said: /exit code 1,.*the interpreter that its first line names/ },
  },
  {
    ...{
      name: 'mute',
      spec: {},
      stdio: { command: [node, '-e', 'setInterval(() => 0, 1e6)'], startTimeoutSeconds: 1 },
    },
    ...{ advice: 'NoAnswer', said: /exit code 1,.*its program answers nothing on its standard output/ },
  },
  {
    ...{ name: 'refusing', spec: {}, stdio: { command: [node, '-e', refusing] }, advice: 'WrongAnswer' },
    said: /exit code 1,.*its program answers, but not as an MCP server/,
  },
] as const;

describe('servers that speak MCP over standard input and output', () => {
  const namespace = useNamespace();
  const url = (name: string): string => `http://${name}.${namespace}.svc:8080/mcp`;

  /** What a tool says to the official client. */
  async function call(name: string, tool: string): Promise<string> {
    const args = ['exec', '--namespace', namespace, 'client', '--', node, '/app/mcp-client.cjs', url(name), tool];
    const { result } = JSON.parse(await kubectlOk(args)) as {
      readonly result: { readonly content: readonly [{ readonly text: string }] };
    };
    return result.content[0].text;
  }
  const verified = (name: string): Promise<unknown> =>
    untilCondition(namespace, name, { type: 'Verified', status: 'True' });

  beforeAll(async () => {
    await Promise.all([apply(namespace, token('one')), apply(namespace, withoutInterpreter)]);
    await Promise.all([
      startNodePods(namespace, [{ name: 'client' }]),
      apply(namespace, stdioServer('modern', { config: { port: 8080, ...withToken } })),
      apply(namespace, stdioServer('legacy', {}, legacy)),
      apply(namespace, stdioServer('pair', { runtime: { replicas: 2 } }, { ...legacy, maxSessions: 4 })),
      apply(
        namespace,
        everythingServer('everything', {
          config: { port: 8080, arguments: ['stdio'] },
          extensions: { stdio: { command: [node, '/app/dist/server-everything.mjs'] } },
        }),
      ),
      // One static program, without a shell or a user of this number in its image.
      apply(
        namespace,
        kubernetesServer('static', {
          config: { port: 8080, arguments: ['--read-only'] },
          extensions: { stdio: { command: ['/app/kubernetes-mcp-server'], maxSessions: 4 } },
          runtime: { security: { serviceAccountName: 'default', podSecurityContext: { runAsUser: 12_345 } } },
        }),
      ),
      ...failing.map(({ name, spec, stdio }) => apply(namespace, stdioServer(name, spec, stdio))),
    ]);
  });

  it.each(['modern', 'legacy', 'pair', 'everything', 'static'])('are verified: %s', verified);

  it('are called by the official client, with a process for each session of the older era', async () => {
    for (const name of ['modern', 'legacy', 'legacy', 'pair']) expect(await call(name, 'count')).toBe('1');
    expect(await call('everything', 'get-env')).toContain('PATH');
  });

  it('share one process among the clients of the newer era, which has no sessions', async () => {
    const script = `
      const envelope = 'io.modelcontextprotocol/';
      const _meta = { [envelope + 'protocolVersion']: '2026-07-28', [envelope + 'clientCapabilities']: {},
        [envelope + 'clientInfo']: { name: 'one', version: '1' } };
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'count' };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'count', arguments: {}, _meta } });
      const count = async () => {
        const text = await (await fetch(${JSON.stringify(url('modern'))}, { method: 'POST', headers, body })).text();
        return Number(/"text":"(\\d+)"/.exec(text)?.[1] ?? NaN);
      };
      Promise.all([count(), count(), count()]).then((counts) => console.log(JSON.stringify(counts.sort())));`;
    expect(JSON.parse(await runInside(namespace, 'client', script))).toEqual([1, 2, 3]);
  });

  it('have the environment and the user of their container, of which the bridge has nothing', async () => {
    expect(await call('modern', 'environment')).toBe('one');
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=modern');
    const inBridge = await kubectlOk([
      ...['exec', '--namespace', namespace, pod?.metadata.name ?? '', '--container', 'mcp-bridge', '--', node, '-e'],
      'const fs = require("node:fs"); console.log(JSON.stringify({ token: process.env.TOKEN, of: fs.readdirSync("/var/run/secrets/kubernetes.io/serviceaccount") }))',
    ]);
    expect(JSON.parse(inBridge)).toEqual({ of: [] });
  });

  it.each(failing)('are told why they serve nobody: $advice', async ({ name, advice, said }) => {
    const server = await eventually('its end is told', async () => {
      const found = await get(namespace, 'mcpservers', name);
      return said.test(conditionOf(found, 'Available')?.message ?? '') ? found : undefined;
    });
    expect(server.status?.['extensions']).toMatchObject({ podFailure: { advice } });
  });

  it('are refused without a command, which the refusal says how to find', async () => {
    const args = ['create', '--namespace', namespace, '--filename', '-'];
    const { stderr } = await kubectl(args, stdioServer('none', {}, { command: [] }));
    expect(stderr).toContain(`mcp-lifecycle stdio resolve ${imageOf('stdio-mcp-server')}`);
  });

  it('lose no call to a new version, and begin a new session where theirs is gone', async () => {
    const { stateless, sessions } = await whileBothAreCalling(
      { namespace, pod: 'client' },
      { stateless: url('modern'), sessions: url('legacy') },
      async () => {
        const env = [...withToken.env, { name: 'VERSION', value: '2' }];
        await apply(namespace, stdioServer('modern', { config: { port: 8080, env } }));
        await apply(namespace, stdioServer('legacy', { config: { port: 8080, env } }, legacy));
        for (const name of ['modern', 'legacy']) {
          await untilRolledOut(namespace, name);
          await untilPodsAre(namespace, name, 1);
        }
      },
    );
    expect([stateless.failures, sessions.failures]).toEqual([[], []]);
    expect(Math.min(stateless.answered, sessions.answered)).toBeGreaterThan(20);
    expect(sessions.sessions).toBeGreaterThan(1);
  });

  it('have a Secret that has changed as soon as their pods are those that were started with it', async () => {
    await apply(namespace, token('two'));
    for (const name of ['modern', 'legacy'])
      await eventually(`${name} has the new one`, async () => (await call(name, 'environment')) === 'two');
  });

  it('serve again after their container has ended, and after the bridge has', async () => {
    await untilRolledOut(namespace, 'legacy');
    await untilPodsAre(namespace, 'legacy', 1);
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=legacy');
    const name = pod?.metadata.name ?? '';
    for (const container of ['mcp-server', 'mcp-bridge']) {
      const script = 'process.kill(1, "SIGTERM")';
      const args = ['exec', '--namespace', namespace, name, '--container', container, '--', node, '-e', script];
      await kubectl(args);
      await eventually(`${container} has been started again`, async () => {
        const { status } = (await get(namespace, 'pods', name)) ?? {};
        const states = [status?.['containerStatuses'], status?.['initContainerStatuses']].flat() as readonly {
          readonly name: string;
          readonly restartCount: number;
          readonly ready: boolean;
        }[];
        return states.some((one) => one.name === container && one.restartCount > 0 && one.ready);
      });
      await eventually('a call is answered', async () => (await call('legacy', 'count').catch(() => '')) === '1');
    }
  });

  it('keep each session in its pod, where there are two, and nobody else gets in', async () => {
    const [first = '', second = ''] = (await list({ namespace }, 'pods', 'mcp-server=pair')).map(
      ({ status }) => status?.['podIP'] as string,
    );
    const script = `
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const post = (ip, body, more = {}) => fetch('http://' + ip + ':8080/mcp', { method: 'POST',
        headers: { ...headers, ...more }, body: JSON.stringify({ jsonrpc: '2.0', ...body }) });
      (async () => {
        const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
        const begun = await post(${JSON.stringify(first)}, { id: 1, method: 'initialize', params });
        await begun.text();
        const session = { 'mcp-session-id': begun.headers.get('mcp-session-id'), 'mcp-protocol-version': '2025-11-25' };
        const ask = async (ip) => (await post(ip, { id: 2, method: 'tools/list' }, session)).status;
        console.log(JSON.stringify([await ask(${JSON.stringify(first)}), await ask(${JSON.stringify(second)})]));
      })();`;
    expect(JSON.parse(await runInside(namespace, 'client', script))).toEqual([200, 404]);
  });
});
