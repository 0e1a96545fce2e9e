import { afterEach, describe, expect, it } from '@jest/globals';
import { anMCPServer, withGeneration, withName, withNamespace, withStatus } from '../core/testing/builders.ts';
import type { Option } from '../core/testing/builders.ts';
import { mcpPool } from '../core/composites/mcp-pool.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { toCompositeRow } from './composite-row.ts';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { statusSchema } from './schemas/status.ts';
import { toServerRow, type ServerRow, type ServerState } from './status-state.ts';
import { StatusTable } from './status-table.ts';
import { runCli } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

type Condition = readonly [type: string, status: 'True' | 'False' | 'Unknown', reason: string, message?: string];

/** With what the reconciler says of generation 2. */
function saying(phase: 'Pending' | 'Running' | 'Failed' | undefined, ...conditions: readonly Condition[]): Option {
  return withStatus({
    observedGeneration: 2,
    ...(phase === undefined ? {} : { phase }),
    conditions: [...(conditions.some(([type]) => type === 'Accepted') ? [] : [accepted]), ...conditions].map(
      ([type, status, reason, message = `${reason} it is`]) => ({
        ...{ type, status, reason, message, observedGeneration: 2, lastTransitionTime: '2026-01-01T00:00:00Z' },
      }),
    ),
  });
}

const accepted: Condition = ['Accepted', 'True', 'Valid'];
const serves: Condition = ['Available', 'True', 'Available'];
const ready: Condition = ['Ready', 'True', 'Available'];

const running = saying('Running', ready, serves);
const starting = saying(
  'Pending',
  ['Ready', 'Unknown', 'Initializing', 'It starts'],
  ['Available', 'Unknown', 'Initializing'],
);
const broken = saying(
  'Failed',
  ['Ready', 'False', 'DeploymentUnavailable', 'Container crashing: a'],
  ['Available', 'False', 'x'],
);

const rollout = (phase: string, more: object = {}): Option =>
  withStatus({
    extensions: { rollout: { phase, target: { template: 'new', since: '2026-11-30T02:00:00Z' }, ...more } } as never,
  });

describe('how a server is', () => {
  it.each<[what: string, options: readonly Option[], row: readonly [ServerState, string, rollout?: string]]>([
    ['that nobody has looked at', [], ['Pending', 'Waiting']],
    [
      'that was changed since (the answer of the old version is none)',
      [running, withGeneration(3)],
      ['Pending', 'Waiting'],
    ],
    ['that serves and answers', [running], ['Available', 'Available']],
    [
      'that is scaled to zero',
      [saying('Running', ['Ready', 'True', 'ScaledToZero'], ['Available', 'True', 'ScaledToZero'])],
      ['Available', 'ScaledToZero'],
    ],
    ['that starts', [starting], ['Pending', 'Initializing']],
    ['that cannot start', [broken], ['Failed', 'DeploymentUnavailable']],
    [
      'whose pods have ended, whatever Verified says of them',
      [
        saying(
          'Failed',
          ['Ready', 'False', 'DeploymentUnavailable'],
          ['Available', 'False', 'DeploymentUnavailable'],
          ['Verified', 'Unknown', 'NotVerified'],
        ),
      ],
      ['Failed', 'DeploymentUnavailable'],
    ],
    [
      'whose tools are not as they have to be, in the word of Verified',
      [
        saying('Failed', ['Ready', 'False', 'MCPEndpointUnavailable'], serves, [
          'Verified',
          'False',
          'ToolContractChanged',
        ]),
      ],
      ['Failed', 'ToolContractChanged'],
    ],
    [
      'of which nobody knows its tools, in the word of Verified',
      [saying('Pending', ['Ready', 'Unknown', 'Initializing'], serves, ['Verified', 'Unknown', 'ToolContractUnknown'])],
      ['Pending', 'ToolContractUnknown'],
    ],
    [
      'that is refused, while an older version serves',
      [saying('Running', ready, serves, ['Accepted', 'False', 'Invalid'])],
      ['Failed', 'Invalid'],
    ],
    [
      'of which a new version rolls out',
      [saying('Running', ready, serves, ['Reconciling', 'True', 'RollingOut'])],
      ['Pending', 'Rolling', 'Rolling'],
    ],
    [
      'of which a new version does not come up',
      [saying('Running', ready, serves, ['Progressing', 'False', 'PodsFailing'], ['Stalled', 'True', 'PodsFailing'])],
      ['Failed', 'PodsFailing', 'Stalled'],
    ],
    [
      'of which a new version is proven whose pod fails so far',
      [saying('Running', ready, serves, ['Stalled', 'True', 'PodsFailing']), rollout('Proving')],
      ['Pending', 'Proving', 'Proving'],
    ],
    ['of which a new version is proven', [running, rollout('Proving')], ['Pending', 'Proving', 'Proving']],
    [
      'of which a new version was found to be broken',
      [running, rollout('Rejected', { reason: 'ProtocolBroken', message: 'm' })],
      ['Failed', 'ProtocolBroken', 'Rejected'],
    ],
    ['of another operator, without a phase', [saying(undefined, ready, serves)], ['Available', 'Available']],
    ['that says nothing of itself', [saying('Pending')], ['Pending', 'NotReady']],
  ])('%s', (_what, options, [state, reason, onItsWay]) => {
    const row = toServerRow(anMCPServer(withGeneration(2), ...options), 'prod');
    expect([row.state, row.reason, row.rollout]).toEqual([state, reason, onItsWay]);
  });

  it('serves nothing when it is scaled to zero', () => {
    const scaled = saying('Running', ['Ready', 'True', 'ScaledToZero'], ['Available', 'True', 'ScaledToZero']);
    expect(toServerRow(anMCPServer(withGeneration(2), scaled), 'prod').isServing).toBe(false);
    expect(toServerRow(anMCPServer(withGeneration(2), running), 'prod').isServing).toBe(true);
  });

  it('keeps to its line whatever the server says of itself', () => {
    const evil = `1.0\n\u202e${'x'.repeat(10_000)}`;
    const server = anMCPServer(withGeneration(2), running, withStatus({ serverInfo: { version: evil } }));
    const { version = '' } = toServerRow(server, 'prod');
    expect(version).toMatch(/^1\.0 x/);
    expect(version.length).toBeLessThanOrEqual(64);
  });
});

let served: ServedContexts | undefined;

afterEach(async () => {
  await served?.end();
  served = undefined;
});

function put(api: FakeKubeApi, name: string, ...options: readonly Option[]): void {
  const server = anMCPServer(withNamespace('tools'), withName(name), withGeneration(2), ...options);
  api.put(`/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/${name}`, { ...server });
}

const described = withStatus({
  address: { url: 'http://search.tools.svc:8080/mcp' },
  serverInfo: { version: '1.4.0' },
  extensions: { verification: { toolCount: 3 } },
});

describe('status', () => {
  it('tables the servers of a namespace, and says why each is not Available', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', running, described);
    put(api, 'weather', broken);
    put(api, 'mail', starting);
    served = await serveContexts({ prod: api });
    expect(await runCli(['status', '-n', 'tools'])).toEqual({
      code: 1,
      out: `NAMESPACE  NAME     STATE      SERVES  VERSION  TOOLS  ROLLOUT  URL
tools      weather  Failed     no      -        -      -        -
tools      mail     Pending    no      -        -      -        -
tools      search   Available  yes     1.4.0    3      -        http://search.tools.svc:8080/mcp
tools/weather: Failed, DeploymentUnavailable: Container crashing: a
tools/mail: Pending, Initializing: It starts
3 MCPServers: 1 Available, 1 Pending, 1 Failed
`,
      error: '',
    });
    expect(api.writes).toEqual([]);
  });

  it('gates by its exit code: 0 only where each that is named is Available', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', running);
    put(api, 'weather', broken);
    served = await serveContexts({ prod: api });
    expect((await runCli(['status', 'search', '-n', 'tools'])).code).toBe(0);
    expect((await runCli(['status', 'search', 'weather', '-n', 'tools'])).code).toBe(1);
    const missing = await runCli(['status', 'nope', '-n', 'tools']);
    expect(missing).toMatchObject({ code: 2, error: 'context prod: there is no MCPServer tools/nope\n' });
  });

  it.each([
    [['-n', 'empty'], 1, 'no MCPServer in namespace empty of context prod\n'],
    [['-n', 'empty', '--watch'], 1, 'no MCPServer in namespace empty of context prod\n'],
    [['--watch'], 1, 'no MCPServer in namespace default of context prod\n'],
    [['-A', '--timeout', '60'], 1, 'no MCPServer in any namespace of context prod\n'],
    [['-n', 'empty', '-o', 'json'], 1, 'no MCPServer in namespace empty of context prod\n'],
    [[], 0, 'no MCPServer in namespace default of context prod\n'],
    [['-A'], 0, 'no MCPServer in any namespace of context prod\n'],
  ])(
    'lets no pipeline go on where a namespace that is named, or waited for, has none: %j is %i',
    async (args, code, error) => {
      served = await serveContexts({ prod: createFakeKubeApi() });
      expect(await runCli(['status', ...args])).toMatchObject({ code, error });
    },
  );

  it('asks several clusters, and says of which a server is', async () => {
    const [prod, dev] = [createFakeKubeApi(), createFakeKubeApi()];
    put(prod, 'search', running);
    put(dev, 'search', broken);
    served = await serveContexts({ prod, dev });
    const { code, out } = await runCli(['status', '-A', '--context', 'dev', '--context', 'prod']);
    expect(code).toBe(1);
    expect(out).toMatch(/^CONTEXT +NAMESPACE +NAME +STATE/);
    expect(out).toMatch(/^dev +tools +search +Failed .*\nprod +tools +search +Available /m);
  });

  it('says the same as JSON, as its schema has it', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', running, described);
    put(api, 'weather', running, rollout('Rejected', { reason: 'ProtocolBroken', message: 'm' }));
    served = await serveContexts({ prod: api });
    const { code, out } = await runCli(['status', '-A', '-o', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ available: 1, pending: 0, failed: 1, problems: [] },
      servers: [
        { name: 'weather', state: 'Failed', reason: 'ProtocolBroken', isServing: true, rollout: 'Rejected' },
        { context: 'prod', name: 'search', state: 'Available', version: '1.4.0', tools: 3 },
      ],
    });
    expect(problemsOf(closed(statusSchema), JSON.parse(out))).toEqual([]);
  });

  it('is not whole where servers may not be listed', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', running);
    api.answer(({ path }) => path.includes('mcpservers'), 403);
    served = await serveContexts({ prod: api });
    const { code, error } = await runCli(['status', '-A']);
    expect(code).toBe(2);
    expect(error).toContain('the right to list mcpservers.mcp.x-k8s.io in all namespaces');
    expect(error).not.toContain('no MCPServer in');
  });

  it.each([
    [['-A', '-n', 'tools'], 'not both'],
    [['-A', 'search'], 'leave --all-namespaces out'],
    [['--timeout', '0'], '--timeout takes seconds from 1 to 86400'],
    [['--timeout', '1e3'], '--timeout takes seconds from 1 to 86400'],
    [['--context', 'nowhere'], "no context 'nowhere': it has prod"],
  ])('refuses %j', async (args, why) => {
    served = await serveContexts({ prod: createFakeKubeApi() });
    expect(await runCli(['status', ...args])).toMatchObject({ code: 2, out: '', error: expect.stringContaining(why) });
  });
});

const group = '/apis/mcp.v2dy.io/v1';

/** An object of mcp.v2dy.io in namespace tools; the cluster serves both kinds then. */
function putAbove(api: FakeKubeApi, plural: string, object: object): void {
  api.put(group, { kind: 'APIResourceList', resources: [{ name: 'mcpservers' }, { name: 'mcppools' }] });
  const name = 'name' in object ? String(object.name) : 'team';
  api.put(`${group}/namespaces/tools/${plural}/${name}`, {
    ...{ metadata: { name, namespace: 'tools', generation: 2 } },
    ...object,
  });
}

const saysReady = (status: string, reason: string, { phase = 'Running', of = 2, seen = 2 } = {}): object => ({
  status: {
    ...{ observedGeneration: seen, phase },
    conditions: [{ type: 'Ready', status, reason, message: `${reason} it is`, observedGeneration: of }],
  },
});

describe('what becomes MCPServers', () => {
  it.each<[what: string, status: object, row: readonly [ServerState, string]]>([
    ['that nobody has looked at', saysReady('True', 'AllReady', { seen: 1 }), ['Pending', 'Waiting']],
    ['whose servers serve', saysReady('True', 'AllReady'), ['Available', 'AllReady']],
    ['of which an older version serves', saysReady('True', 'Available', { of: 1 }), ['Pending', 'NotReady']],
    ['that waits for one of its servers', saysReady('False', 'HeldUp'), ['Pending', 'HeldUp']],
    ['that waits for one that is broken', saysReady('False', 'HeldUp', { phase: 'Failed' }), ['Failed', 'HeldUp']],
    [
      'that is wrong, while what ran goes on',
      saysReady('False', 'StdioCommandRequired'),
      ['Failed', 'StdioCommandRequired'],
    ],
    [
      'whose pods start',
      saysReady('False', 'DeploymentUnavailable', { phase: 'Pending' }),
      ['Pending', 'DeploymentUnavailable'],
    ],
    ['that says nothing', {}, ['Pending', 'Waiting']],
  ])('%s', (_what, status, [state, reason]) => {
    const object = { metadata: { name: 'team', namespace: 'tools', generation: 2 }, ...status };
    expect(toCompositeRow(object, mcpPool, 'prod')).toMatchObject({ kind: 'MCPPool.mcp.v2dy.io', state, reason });
  });

  it('is told below the servers, and fails the gate although each of them is Available (it said that all is well)', async () => {
    const api = createFakeKubeApi();
    put(api, 'a', running);
    putAbove(api, 'mcppools', { kind: 'MCPPool', spec: { servers: [{ name: 'a' }] }, ...saysReady('False', 'HeldUp') });
    served = await serveContexts({ prod: api });
    const { code, out } = await runCli(['status', '-n', 'tools']);
    expect(code).toBe(1);
    expect(out).toMatch(
      /\nMCPPool\.mcp\.v2dy\.io tools\/team: Pending, HeldUp: HeldUp it is\n1 MCPPool\.mcp\.v2dy\.io: 0 Available, 1 Pending, 0 Failed\n1 MCPServer: 1 Available/,
    );
    const json = await runCli(['status', '-n', 'tools', '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({ composites: [{ name: 'team', state: 'Pending', reason: 'HeldUp' }] });
    expect(problemsOf(closed(statusSchema), JSON.parse(json.out))).toEqual([]);
    // Of another server.
    put(api, 'b', running);
    expect((await runCli(['status', 'b', '-n', 'tools'])).code).toBe(0);
    expect((await runCli(['status', 'a', '-n', 'tools'])).code).toBe(1);
  });

  it('is told where it has no server at all', async () => {
    const api = createFakeKubeApi();
    const object = { name: 'search', kind: 'MCPServer', ...saysReady('False', 'NotOurs', { phase: 'Failed' }) };
    putAbove(api, 'mcpservers', object);
    served = await serveContexts({ prod: api });
    const { code, out, error } = await runCli(['status', '-n', 'tools']);
    expect({ code, error }).toEqual({ code: 1, error: '' });
    expect(out).toContain('MCPServer.mcp.v2dy.io tools/search: Failed, NotOurs');
  });

  it('may be named itself (it said that there is no such MCPServer, and ended with 2), and is waited for then', async () => {
    const api = createFakeKubeApi();
    put(api, 'a', running);
    putAbove(api, 'mcppools', { kind: 'MCPPool', spec: { servers: [{ name: 'a' }] }, ...saysReady('False', 'HeldUp') });
    served = await serveContexts({ prod: api });
    const held = await runCli(['status', 'team', '-n', 'tools']);
    expect(held).toMatchObject({ code: 1, error: '' });
    expect(held.out).toContain('MCPPool.mcp.v2dy.io tools/team: Pending, HeldUp');
    putAbove(api, 'mcppools', { kind: 'MCPPool', ...saysReady('True', 'AllReady') });
    expect((await runCli(['status', 'team', '-n', 'tools'])).code).toBe(0);
    expect((await runCli(['status', 'team', '-n', 'tools', '--timeout', '60'])).code).toBe(0);
    const both = await runCli(['status', 'team', 'nope', '-n', 'tools']);
    expect(both).toMatchObject({ code: 2, error: 'context prod: there is no MCPServer tools/nope\n' });
  });

  it('that became none ends with 1 when it is named, as one that is not Available (it ended with 2)', async () => {
    const api = createFakeKubeApi();
    const object = { name: 'files', kind: 'MCPServer', ...saysReady('False', 'Invalid', { phase: 'Failed' }) };
    putAbove(api, 'mcpservers', object);
    served = await serveContexts({ prod: api });
    expect(await runCli(['status', 'files', '-n', 'tools'])).toMatchObject({ code: 1, error: '' });
  });

  it('may be what one has no right to read: servers are told all the same', async () => {
    const api = createFakeKubeApi();
    put(api, 'a', running);
    putAbove(api, 'mcppools', { kind: 'MCPPool', ...saysReady('False', 'HeldUp') });
    api.answer(({ path }) => path.endsWith('/mcppools'), 403);
    served = await serveContexts({ prod: api });
    const { code, error } = await runCli(['status', '-n', 'tools']);
    expect(code).toBe(0);
    expect(error).toContain('It takes the right to list mcppools.mcp.v2dy.io');
  });

  it('is waited for, too, with --watch', async () => {
    const api = createFakeKubeApi();
    put(api, 'a', running);
    putAbove(api, 'mcppools', { kind: 'MCPPool', ...saysReady('False', 'HeldUp') });
    served = await serveContexts({ prod: api });
    let asked = 0;
    api.answer(({ path }) => {
      // Read once, found on its way once, and ready the next time.
      if (path.endsWith('/mcppools') && (asked += 1) === 3) putAbove(api, 'mcppools', saysReady('True', 'AllReady'));
      return false;
    }, 500);
    const { code, out } = await runCli(['status', '-n', 'tools', '--watch', '--timeout', '60']);
    expect(code).toBe(0);
    expect(asked).toBe(4);
    expect(out).toContain('1 MCPPool.mcp.v2dy.io: 1 Available');
  });
});

describe('status --watch', () => {
  it('ends at once where nothing is on its way', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', running);
    served = await serveContexts({ prod: api });
    const { code, out } = await runCli(['status', 'search', '-n', 'tools', '--watch']);
    expect(code).toBe(0);
    expect(out).toMatch(/^NAMESPACE .*\ntools +search +Available .*\n1 MCPServer: 1 Available, 0 Pending, 0 Failed\n$/);
  });

  it('waits for a server that is on its way, and for one that is not there yet, and tells each change', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', starting);
    served = await serveContexts({ prod: api });
    const watching = runCli(['status', 'search', 'mail', '-n', 'tools', '--watch', '--timeout', '60']);
    put(api, 'search', running);
    put(api, 'other', starting);
    put(api, 'mail', broken);
    const { code, out } = await watching;
    expect(code).toBe(1);
    expect(out).toMatch(/^tools +mail +Failed /m);
    expect(out).toContain('tools/mail: Failed, DeploymentUnavailable');
    expect(out).toMatch(/^tools +search +Available /m);
    expect(out).not.toContain('other');
    expect(out).toMatch(/2 MCPServers: 1 Available, 0 Pending, 1 Failed\n$/);
  });

  it('says at once that a name which is waited for is not there (it said so when the time was up)', async () => {
    served = await serveContexts({ prod: createFakeKubeApi() });
    expect(await runCli(['status', 'serch', '-n', 'tools', '--watch', '--timeout', '1'])).toMatchObject({
      code: 2,
      error: `context prod: there is no MCPServer tools/serch: waiting for it, for up to 1 s
context prod: there is no MCPServer tools/serch
`,
    });
  });

  it('keeps each row below its heads, which come again where a column becomes wider', () => {
    const row = (...options: readonly Option[]): ServerRow =>
      toServerRow(anMCPServer(withNamespace('tools'), withName('search'), withGeneration(2), ...options), 'prod');
    const table = new StatusTable([row(starting)], false);
    const first = table.renderFirst(['search', 'a-longer-name']);
    const wide = withStatus({ serverInfo: { version: '1.4.0-beta.12' } });
    const lines = [
      first,
      table.renderChanged(row(running, described)),
      table.renderChanged(row(running, described, wide)),
    ].flatMap((text) => text.trimEnd().split('\n'));
    const heads = lines.filter((line) => line.startsWith('NAMESPACE'));
    expect(heads).toHaveLength(2);
    expect(lines[2]?.indexOf('http:')).toBe(heads[0]?.indexOf('URL'));
    expect(lines.at(-1)?.indexOf('http:')).toBe(heads[1]?.indexOf('URL'));
  });

  it('prints no row again that says the same in each column (it did, for each other message)', () => {
    const row = (message: string): ServerRow =>
      toServerRow(
        anMCPServer(
          withNamespace('tools'),
          withGeneration(2),
          saying('Pending', ['Ready', 'Unknown', 'Initializing', message]),
        ),
        'prod',
      );
    const table = new StatusTable([row('one')], false);
    table.renderFirst([]);
    expect([row('two'), row('three')].map((next) => table.renderChanged(next))).toEqual(['', '']);
    const other = { ...row('four'), state: 'Failed' as const };
    expect(table.renderChanged(other)).toContain('Failed');
    expect(table.renderChanged(row('five'))).toContain('Pending');
  });

  it('says as JSON how it ended, once', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', starting);
    served = await serveContexts({ prod: api });
    const watching = runCli(['status', 'search', '-n', 'tools', '--watch', '-o', 'json']);
    put(api, 'search', running);
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ available: 1, pending: 0 });
  });

  it('waits as well where only --timeout is given (it looked once)', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', starting);
    const later: KubeApi = {
      ...api,
      async request(request) {
        const answer = await api.request(request);
        put(api, 'search', running);
        return answer;
      },
    };
    served = await serveContexts({ prod: later });
    const { code, out } = await runCli(['status', '-n', 'tools', '--timeout', '60']);
    expect(code).toBe(0);
    expect(out).toMatch(/^tools +search +Pending .*\ntools +search +Available /m);
  });

  it('gives up after --timeout with what it has', async () => {
    const api = createFakeKubeApi();
    put(api, 'search', starting);
    served = await serveContexts({ prod: api });
    const { code, out } = await runCli(['status', '-n', 'tools', '--watch', '--timeout', '1']);
    expect(code).toBe(1);
    expect(out).toContain('1 MCPServer: 0 Available, 1 Pending, 0 Failed');
  });
});
