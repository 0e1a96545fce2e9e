import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';

import { anMCPServer, withName, withNamespace, withRawSpec } from '../core/testing/builders.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { quantityOf, suggest, type ServerCost } from './cost-suggestion.ts';
import { runCli, type CliRun } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

const running: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of running.splice(0)) await end();
});

const labels = (name: string) => ({ app: 'mcp-server', 'mcp-server': name });
const resources = { requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '500m', memory: '512Mi' } };

function putServer(api: FakeKubeApi, name: string, spec: Readonly<Record<string, unknown>> = {}): void {
  putPod(api, name, 'x2x7k', resources);
  const server = anMCPServer(withName(name), withNamespace('tools'), withRawSpec(spec));
  api.put(`/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/${name}`, { ...server });
}

function putPod(api: FakeKubeApi, name: string, suffix: string, resources: object): void {
  const metadata = { name: `${name}-5d4f7c9b8-${suffix}`, namespace: 'tools', labels: labels(name) };
  const containers = [
    { name: 'mesh', resources: { requests: { cpu: '9' } } },
    { name: 'mcp-server', resources },
  ];
  api.put(`/api/v1/namespaces/tools/pods/${metadata.name}`, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers }, status: { phase: 'Running' } },
  });
  api.put(`/apis/metrics.k8s.io/v1beta1/namespaces/tools/pods/${metadata.name}`, {
    ...{ apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', metadata },
    containers: [{ name: 'mcp-server', usage: { cpu: '12345678n', memory: '60Mi' } }],
  });
}

async function aCluster(...names: readonly string[]): Promise<FakeKubeApi> {
  const api = createFakeKubeApi();
  for (const name of names) putServer(api, name);
  const served: ServedContexts = await serveContexts({ prod: api });
  running.push(served.end);
  return api;
}

type Answer = (query: string) => unknown;

/** What speaks the API of Prometheus; a text is sent as it is. */
async function servePrometheus(answer: Answer): Promise<{ readonly url: string; readonly queries: readonly string[] }> {
  const queries: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const query = new URLSearchParams(Buffer.concat(chunks).toString()).get('query') ?? '';
      queries.push(`${request.headers.authorization ?? ''}${query}`);
      const said = answer(query);
      response.end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, queries };
}

const vector = (...samples: readonly (readonly [metric: object, value: number])[]) => ({
  status: 'success',
  data: { resultType: 'vector', result: samples.map(([metric, value]) => ({ metric, value: [0, String(value)] })) },
});

/** An hour more: nothing of it hangs on the moment. */
const ago = (days: number): number => Date.now() / 1_000 - days * 86_400 - 3_600;
const pod = { namespace: 'tools', pod: 'search-6f5b4d3c2-abcde' };
const ofServer = { namespace: 'tools', mcpserver: 'search' };

/** A week of one server that used a quarter of what it requests, and was called last three days ago. */
const aWeek: Answer = (query) => {
  if (query.includes('cpu_usage')) return vector([pod, 0.04]);
  if (query.includes('count_over_time(container')) return vector([pod, 168]);
  if (query.includes('memory')) return vector([pod, 60 * 1024 * 1024]);
  return query.includes('> 0') ? vector([ofServer, ago(3)]) : vector([ofServer, 168]);
};

const run = (...args: readonly string[]): Promise<CliRun> => runCli(['cost', ...args]);
const cost = (...args: readonly string[]): Promise<CliRun> => run('-n', 'tools', ...args);

describe('cost', () => {
  it('tables requests and what is used of them at this moment, which is no reason to change anything', async () => {
    await aCluster('search', 'wiki');
    const { code, out, error } = await cost();
    expect([code, error]).toEqual([0, '']);
    expect(out).toMatch(/^tools +search +1 +200m +13m +256Mi +60Mi +- +-$/m);
    expect(out).toMatch(/^2 MCPServers with 2 pods request cpu 400m, memory 512Mi$/m);
    expect((await cost('-o', 'patch')).out).toBe('');
    expect((await cost('wiki')).out).not.toContain('search');
  });

  it('says without metrics-server what is requested, and that the rest is not known', async () => {
    const api = await aCluster('search');
    api.answer(({ path }) => path.includes('metrics.k8s.io'), 404);
    const { code, out, error } = await cost();
    expect(code).toBe(2);
    expect(error).toMatch(/no metrics-server/);
    expect(out).toMatch(/^tools +search +1 +200m +- +256Mi +- +- +-$/m);
  });

  it('finds none in a mistyped namespace, which is no success', async () => {
    await aCluster('search');
    const { code, out, error } = await run('-n', 'tolls');
    expect([code, error]).toEqual([1, 'no MCPServer in namespace tolls of context prod\n']);
    expect(out).toMatch(/^0 MCPServers/);
    expect((await run()).code).toBe(0);
  });

  it('says so, too, where something else could not be read (it said that alone), which decides the exit code', async () => {
    const api = await aCluster('search');
    api.answer(({ path }) => path.includes('metrics.k8s.io'), 404);
    const { code, error } = await run('-n', 'tolls');
    expect(code).toBe(2);
    expect(error).toMatch(/no metrics-server.*\nno MCPServer in namespace tolls of context prod\n$/);
    api.answer(({ path }) => path.includes('mcpservers'), 403);
    expect((await run('-n', 'tolls')).error).not.toContain('no MCPServer');
  });

  it('suggests from a week of Prometheus, says since when nobody has called, and asks of that namespace alone', async () => {
    await aCluster('search', 'wiki');
    const { url, queries } = await servePrometheus(aWeek);
    const { code, out, error } = await cost('--prometheus', url);
    expect([code, error]).toEqual([0, '']);
    expect(out).toMatch(/^tools +search +1 +200m +40m +256Mi +60Mi +3d +cpu 50m, memory 72Mi$/m);
    expect(out).toMatch(/^tools +wiki +1 +200m +- +256Mi +- +- +-$/m);
    expect(out).toMatch(/1 MCPServer that nobody has called for a day/);
    expect(out).toMatch(/request cpu 400m, memory 512Mi; as suggested: cpu 250m, memory 328Mi$/m);
    expect(queries).toHaveLength(5);
    for (const query of queries) expect(query).toMatch(/namespace="tools".*\[7d(:\w+)?\]/);
    await cost('--prometheus', url, '--window', '2w');
    expect(queries.slice(5)).toHaveLength(5);
    for (const query of queries.slice(5)) expect(query).toMatch(/\[2w(:\w+)?\]/);
  });

  it('writes what it suggests as commands, with the limits that the pods have, and what is idle as a comment', async () => {
    await aCluster('search');
    const { url } = await servePrometheus(aWeek);
    const { out } = await cost('--prometheus', url, '-o', 'patch');
    const patch = {
      spec: { runtime: { resources: { requests: { cpu: '50m', memory: '72Mi' }, limits: resources.limits } } },
    };
    expect(out.split('\n')).toEqual([
      `kubectl --context prod --namespace tools patch mcpservers.mcp.x-k8s.io search --type merge --patch '${JSON.stringify(patch)}'`,
      '# idle for 3d: kubectl --context prod --namespace tools scale mcpservers.mcp.x-k8s.io search --replicas=0',
      '',
    ]);
  });

  it('touches no limit of a spec, although the pods of a stuck roll-out have what it said before', async () => {
    const api = await aCluster();
    const limits = { cpu: 2, memory: '2Gi' };
    putServer(api, 'search', { runtime: { resources: { requests: { cpu: 1 }, limits } } });
    const { url } = await servePrometheus(aWeek);
    const [command] = (await cost('--prometheus', url, '-o', 'patch')).out.split('\n');
    expect(command).toContain(
      `--patch '{"spec":{"runtime":{"resources":{"requests":{"cpu":"50m","memory":"72Mi"}}}}}'`,
    );
    expect((await cost('--prometheus', url)).out).toMatch(/^tools +search +1 +1000m +40m +2048Mi +60Mi/m);
  });

  it('sums pod by pod, and suggests nothing where a spec says nothing and pods differ', async () => {
    const api = await aCluster('search');
    putPod(api, 'search', 'aaaaa', { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } });
    const { url } = await servePrometheus(aWeek);
    const { out } = await cost('--prometheus', url);
    expect(out).toMatch(/^tools +search +2 +1000m +40m +1024Mi +60Mi +3d +-$/m);
    expect(out).toMatch(/with 2 pods request cpu 1200m, memory 1280Mi$/m);
    expect((await cost('--prometheus', url, '-o', 'patch')).out).toMatch(/^# idle.*\n$/);
  });

  it.each(['> 0', 'count_over_time(mcp_server'])(
    'calls no server idle where the query with %s has no answer, as one that was called would look so',
    async (asked) => {
      await aCluster('search');
      const { url } = await servePrometheus((query) => (query.includes(asked) ? 'out of time' : aWeek(query)));
      const { code, out, error } = await cost('--prometheus', url, '-o', 'patch');
      expect([code, out]).toEqual([2, expect.not.stringContaining('idle')]);
      expect(error).toMatch(/HTTP 200$/m);
      expect((await cost('--prometheus', url)).out).toMatch(/60Mi +- +cpu 50m, memory 72Mi$/m);
    },
  );

  it('says which servers cannot be read, and not that there is none of that name', async () => {
    const api = await aCluster('search');
    const path = '/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/old';
    api.put(path, { ...anMCPServer(withName('old'), withNamespace('tools')), spec: {} });
    for (const names of [[], ['old']]) {
      const { code, error } = await cost(...names);
      expect([code, error]).toEqual([2, expect.stringMatching(/^MCPServer tools\/old cannot be read: spec.*\n$/)]);
    }
    expect((await cost('none')).error).toBe('there is no MCPServer tools/none\n');
    api.answer(({ path: asked }) => asked.endsWith('/mcpservers'), 403);
    expect((await cost('search')).error).not.toContain('there is no');
  });

  it('counts the hours that were measured, not since when, and of long names only pods that are there', async () => {
    const long = `${'a'.repeat(50)}-search`;
    const api = await aCluster('search');
    putServer(api, long);
    const there = { namespace: 'tools', pod: `${long}-5d4f7c9b8-x2x7k` };
    // What another server with a name of 57 characters would have left, cut as Kubernetes does it.
    const cut = { namespace: 'tools', pod: `${'b'.repeat(50)}-search-abcde` };
    putServer(api, 'b'.repeat(50));
    const { url } = await servePrometheus((query) => {
      if (query.includes('count_over_time(container')) return vector([pod, 23], [there, 24], [cut, 99]);
      if (query.includes('memory')) return vector([pod, 1e6], [there, 1e6], [cut, 1e6]);
      return query.includes('count_over_time') ? vector([ofServer, 72]) : vector();
    });
    const { out } = await cost('--prometheus', url);
    expect(out).toMatch(/^tools +search .*1Mi +>3d +-$/m);
    expect(out).toMatch(/^tools +a+-search .*1Mi +- +memory 16Mi$/m);
    expect(out).toMatch(/^tools +b+ +1 +200m +- +256Mi +- +- +-$/m);
  });

  it('names what a server is made from, as that would bring back what a command sets', async () => {
    const api = await aCluster();
    putServer(api, 'search');
    const path = '/apis/mcp.x-k8s.io/v1beta1/namespaces/tools/mcpservers/search';
    const owner = { apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPPool', name: 'pool\nrm -rf /', uid: 'u', controller: true };
    const server = anMCPServer(withName('search'), withNamespace('tools'));
    api.put(path, { ...server, metadata: { ...server.metadata, ownerReferences: [owner] } });
    const { url } = await servePrometheus(aWeek);
    expect((await cost('--prometheus', url, '-o', 'patch')).out).toBe(
      '# to request cpu 50m, memory 72Mi, idle for 3d: tools/search is made from MCPPool pool rm -rf /, to be set there\n',
    );
  });

  it('leaves the CPU alone where a server scales by it', async () => {
    const api = await aCluster();
    putServer(api, 'search', { extensions: { autoscaling: { maxReplicas: 3 } } });
    const { url } = await servePrometheus(aWeek);
    expect((await cost('--prometheus', url)).out).toMatch(/3d +memory 72Mi$/m);
  });

  it.each<[what: string, answer: Answer, said: RegExp]>([
    ['no JSON', () => '<html>', /it answered HTTP 200$/m],
    [
      'an error of several lines',
      () => ({ status: 'error', error: 'bad\n\u001b[31mquery' }),
      /HTTP 200: bad .*query$/m,
    ],
    [
      'what may not be whole',
      () => ({ ...vector(), warnings: ['store 7 did not\nanswer'] }),
      /may not be whole: store 7 did not answer$/m,
    ],
    ['a matrix', () => ({ status: 'success', data: { resultType: 'matrix', result: [] } }), /no vector/],
    ['something nested too deep', () => '['.repeat(50), /too deep/],
    ['too many values', () => `[${'1,'.repeat(1_100_000)}1]`, /too many values/],
    ['more than can be read', () => 'x'.repeat(33 * 1024 * 1024), /longer than 32 MiB/],
  ])('of a Prometheus that answers %s says so, and what the cluster says', async (_, answer, said) => {
    await aCluster('search');
    const { url } = await servePrometheus(answer);
    const { code, out, error } = await cost('--prometheus', url);
    expect(code).toBe(2);
    expect(error).toMatch(said);
    expect(error.split('\n').length).toBeLessThanOrEqual(3);
    expect(out).toMatch(/^tools +search +1 +200m/m);
  });

  it('believes no sample that is none, of a server that is none, or of a container of somebody else', async () => {
    await aCluster('search');
    const strange = vector([{ namespace: 'tools', pod: 'search' }, 1], [{ namespace: 7, pod: {} }, 1], [pod, NaN]);
    const { url } = await servePrometheus((query) => (query.includes('memory') ? strange : vector()));
    expect((await cost('--prometheus', url)).out).toMatch(/^tools +search +1 +200m +- +256Mi +- +- +-$/m);
  });

  it('follows a Prometheus nowhere else, and shows no password', async () => {
    await aCluster('search');
    const { url, queries } = await servePrometheus(aWeek);
    const withPassword = url.replace('http://', 'http://me:secret@');
    expect((await cost('--prometheus', withPassword)).code).toBe(0);
    expect(queries[0]).toMatch(/^Basic bWU6c2VjcmV0/);
    expect((await cost('--prometheus', url.replace('http://', 'http://me:50%off@'))).code).toBe(0);
    expect(queries.at(-1)).toContain(`Basic ${Buffer.from('me:50%off').toString('base64')}`);
    const { error } = await cost('--prometheus', 'http://me:secret@127.0.0.1:1');
    expect(error).toMatch(/127\.0\.0\.1:1/);
    expect(error).not.toContain('secret');
  });

  it.each([
    [['--window', '1y'], /--window takes/],
    [['--window', '40d'], /--window takes/],
    [['--window', '14d'], /with --window name a --prometheus/],
    [['--prometheus', 'file:///etc/passwd'], /http or https/],
    [['-n', 'tools', '-A'], /not both/],
    [['-A', 'search'], /of one namespace/],
    [['-n', 'a"}'], /--namespace takes a name/],
  ])('refuses %j', async (args, said) => {
    const { code, error } = await run(...args);
    expect(code).toBe(2);
    expect(error).toMatch(said);
  });
});

describe('a suggestion', () => {
  const mebibyte = 1024 * 1024;
  const server = (more: Partial<ServerCost>): ServerCost => ({
    ...{ namespace: 'tools', name: 'search', pods: 1, isScaledByCpu: false, measuredMs: 86_400_000 },
    ...{ requests: { cpu: 100, memory: 128 * mebibyte }, limits: { memory: 256 * mebibyte } },
    ...{ total: {}, kept: { requests: {}, limits: {} } },
    ...more,
  });

  it.each<[what: string, more: Partial<ServerCost>, expected: object]>([
    ['fits what was used, with room', { used: { cpu: 20, memory: 50 * mebibyte } }, { cpu: 25, memory: 64 * mebibyte }],
    ['is none for less than a day', { used: { cpu: 1 }, measuredMs: 80_000_000 }, {}],
    ['is none for a difference that is no restart worth', { used: { cpu: 75, memory: 100 * mebibyte } }, {}],
    ['is never next to nothing', { used: { cpu: 0, memory: 0 } }, { cpu: 10, memory: 16 * mebibyte }],
    ['is more where more was used, up to the limit', { used: { memory: 250 * mebibyte } }, { memory: 256 * mebibyte }],
    ['is there where nothing was requested', { requests: {}, used: { cpu: 100 } }, { cpu: 120 }],
  ])('%s', (_, more, expected) => {
    expect(suggest(server(more))).toEqual(expected);
  });

  it.each([
    ['cpu', 50, '50m'],
    ['cpu', 2_000, '2'],
    ['memory', 64 * mebibyte, '64Mi'],
    ['memory', 1_000_000, '1000000'],
  ] as const)('is written as Kubernetes writes it: %s %d', (what, amount, text) => {
    expect(quantityOf(what, amount)).toBe(text);
  });
});
