import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { answer, discovered, initialized, refuse, startAnswering } from '../platform/mcp/testing/answering-server.ts';
import type { AnsweringServer } from '../platform/mcp/testing/answering-server.ts';
import { anMCPServer, withName, withNamespace } from '../core/testing/builders.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { findServingPod, serverNamed } from './contract-cluster.ts';
import { lockTools, readLock, toLockText } from './contract-lock.ts';
import { runCli } from './testing/run-cli.ts';

/** Made at once: tables of tests name what is in it. */
const folder = mkdtempSync(join(tmpdir(), 'contract-'));
const servers: AnsweringServer[] = [];

/** Answers as its first argument says, in both eras unless it is told to know one alone. */
const program = `
import { createInterface } from 'node:readline';
const how = process.argv[2];
const tools = JSON.parse(process.argv[3] ?? '[]');
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const reply = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', id, ...message }));
  if (how === 'noisy') console.log('starting up, please wait');
  if (how === 'asks') console.log(JSON.stringify({ jsonrpc: '2.0', id: 'x', method: 'roots/list' }));
  if (how === 'endless') process.stdout.write('x'.repeat(9_000_000));
  if (how === 'brief' && method === 'server/discover') {
    reply({ error: { code: -32600, message: 'initialize comes first' } });
    process.exit(3);
  }
  if (how === 'frail' && method === 'server/discover') process.exit(3);
  if (method === 'server/discover' && how === 'stateless')
    reply({ result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } } });
  else if (method === 'initialize' && how !== 'stateless')
    reply({ result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: {} } });
  else if (method === 'tools/list') {
    const at = Number(params.cursor ?? 0);
    reply({ result: { tools: tools.slice(at, at + 1), ...(at + 1 < tools.length ? { nextCursor: String(at + 1) } : {}) } });
  } else if (id !== undefined) reply({ error: { code: -32601, message: 'Method not found' } });
}
`;

const echo = { name: 'echo', description: 'Says it again', annotations: { readOnlyHint: true }, 'x-of-tomorrow': [1] };
const zap = { name: 'zap' };

beforeAll(() => {
  writeFileSync(join(folder, 'server.mjs'), program);
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const command = (how: string, tools: readonly unknown[]): readonly string[] => [
  ...['--stdio', '--', process.execPath, join(folder, 'server.mjs'), how, JSON.stringify(tools)],
];

async function lock(name: string, tools: readonly unknown[], ...more: readonly string[]): Promise<string> {
  const { out } = await runCli(['contract', 'get', '-o', 'json', ...more, ...command('handshake', tools)]);
  writeFileSync(join(folder, name), out);
  return join(folder, name);
}

async function serve(answers: Parameters<typeof startAnswering>[0]): Promise<AnsweringServer> {
  const server = await startAnswering(answers);
  servers.push(server);
  return server;
}

describe('contract get', () => {
  it.each(['handshake', 'stateless', 'noisy', 'asks', 'frail', 'brief'])(
    'lists the tools of a process that is %s, page by page, whole as they were sent',
    async (how) => {
      const { code, out, error } = await runCli(['contract', 'get', '-o', 'json', ...command(how, [zap, echo])]);
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(JSON.parse(out)).toEqual({
        schemaVersion: 'mcp-lifecycle.tool-contract/v1',
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        tools: [echo, zap],
      });
    },
  );

  it('finds the same over HTTP, in either era', async () => {
    const list = answer({ result: { tools: [echo, zap] } });
    const { url } = await serve({ 'server/discover': answer({ result: discovered }), 'tools/list': list });
    const old = await serve({ initialize: answer({ result: initialized }), 'tools/list': list });
    const process = await runCli(['contract', 'get', ...command('handshake', [zap, echo])]);
    expect(process.out).toMatch(
      /^[0-9a-f]{8} {2}read-only, open world {4}echo\n[0-9a-f]{8} {2}destructive, open world {2}zap\n2 tools: sha256:/,
    );
    expect(await runCli(['contract', 'get', url])).toEqual(process);
    expect(await runCli(['contract', 'get', old.url])).toEqual(process);
    expect(old.methods()).not.toContain('resources/list');
  });

  it('reads 512 tools of a page that would be too much for one among many in a cluster', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`p${at}`, { type: ['string', 'null'] }]),
    );
    const many = Array.from({ length: 512 }, (_, at) => ({
      name: `t${at}`,
      inputSchema: { type: 'object', properties },
    }));
    const { url } = await serve({
      'server/discover': answer({ result: discovered }),
      'tools/list': answer({ result: { tools: many } }),
    });
    const { code, out } = await runCli(['contract', 'get', url]);
    expect(code).toBe(0);
    expect(out).toMatch(/\n512 tools: sha256:/);
  });

  it('sends a token that is in the environment, and says where to put one when it is asked for it', async () => {
    const server = await serve({
      'server/discover': (response, asked) => {
        const isAllowed = asked.headers['authorization'] === 'Bearer s3cret';
        (isAllowed ? answer({ result: { ...discovered, capabilities: {} } }) : refuse(401))(response, asked);
      },
    });
    const refused = await runCli(['contract', 'get', server.url]);
    expect(refused).toMatchObject({ code: 2, out: '', error: expect.stringContaining('--bearer-token-env') });
    const env = { TOKEN: 's3cret' };
    const args = ['get', '--bearer-token-env', 'TOKEN', server.url] as const;
    expect(await runCli(['contract', ...args], '', { env })).toMatchObject({ code: 0, error: '' });
    for (const none of [{}, { TOKEN: '' }]) {
      const { code, error } = await runCli(['contract', ...args], '', { env: none });
      expect({ code, error }).toEqual({
        code: 2,
        error: expect.stringContaining('the environment variable TOKEN of --bearer-token-env is empty, or not set'),
      });
    }
  });

  it.each<[string, readonly string[], RegExp]>([
    ['two tools of one name', command('handshake', [zap, zap]), /ContractUnreadable: two tools have the same name/],
    ['a program that is not there', ['--stdio', '--', 'no-such-program'], /could not be started/],
    [
      'one that ends',
      ['--stdio', '--', process.execPath, '-e', 'console.error("no key"); process.exit(4)'],
      /exit code 4.*it wrote: no key/,
    ],
    [
      'one that says nothing',
      ['--timeout', '1', '--stdio', '--', process.execPath, '-e', 'setInterval(() => 1, 9)'],
      /no answer in time/,
    ],
    ['a line without an end', command('endless', []), /a line of more than \d+ bytes/],
    ['nobody at the URL', ['http://127.0.0.1:9/mcp'], /connection refused/],
    ['a file that is not there', ['no-such-file.json'], /cannot be read: (Error: )?ENOENT[^;]*$/],
    ['a URL without its scheme', ['search.example.com/mcp'], /cannot be read: .*; a URL begins with https:/],
    ['one with a port', ['localhost:8080'], /cannot be read: .*; a URL begins with https:/],
    ['an MCPServer without its name', ['mcpserver/'], /; an MCPServer of a cluster is mcpserver\/NAME/],
    ['a URL where nobody listens', ['http://127.0.0.1:9/mcp'], /: are host and port of the URL right\?\n$/],
    ['a time that is none', ['--timeout', 'soon', 'x.json'], /--timeout takes seconds/],
    ['a time that nobody answers in', ['--timeout', '0.5', 'x.json'], /--timeout takes seconds from 1/],
    ['a command without a name (it was a bug of ours)', ['--stdio', '--', ''], /^name a URL/],
    [
      'a token for a file (it was passed by)',
      ['--bearer-token-env', 'TOKEN', 'x.json'],
      /is for a server that is asked over HTTP/,
    ],
    [
      'a token for a command (it was passed by)',
      ['--bearer-token-env', 'TOKEN', ...command('handshake', [])],
      /A command has the environment of this one/,
    ],
    ['what to ignore of a lock file (it was passed by)', ['--ignore', '/_meta', 'x.json'], /is for servers/],
    ['a scheme that is not HTTP', ['ftp://search.example.com'], /is no URL of http or https/],
    [
      'more to ignore than can be followed in each tool',
      [
        ...Array.from({ length: 65 }, (_, index) => ['--ignore', `/_meta/${index}`]).flat(),
        ...command('handshake', []),
      ],
      /^--ignore: more than 64 pointers are ignored/,
    ],
    ['a pointer of a mebibyte', ['--ignore', `/${'x'.repeat(512)}`, ...command('handshake', [])], /longer than 512/],
    ['a pointer to names', ['--ignore', '/name', 'x.json'], /but for its name/],
    ['nothing', [], /name a URL, a lock file/],
  ])('says what is wrong with %s, and ends with 2', async (_, args, why) => {
    const { code, out, error } = await runCli(['contract', 'get', ...args]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(why);
  });
});

describe('contract get of a server with secrets in its URL', () => {
  it.each([
    ['http://ann:s3cret@127.0.0.1:9/mcp', 'http://***@127.0.0.1:9/mcp'],
    ['http://127.0.0.1:9/mcp?token=s3cret&s3cret#s3cret', 'http://127.0.0.1:9/mcp?token=***&***#***'],
    ['http:///ann:s3cret@127.0.0.1:9/', 'http://***@127.0.0.1:9/'],
    ['https://ann:s3cret@a b/mcp', 'https://***'],
    ['wss://ann:s3cret@127.0.0.1/mcp', 'wss://***@127.0.0.1/mcp'],
  ])('prints them nowhere: %s (it printed them with each error)', async (url, name) => {
    for (const args of [
      ['get', url],
      ['diff', 'no-such-file.json', url],
      ['verify', '--lock', await lock('any.json', []), url],
    ]) {
      const { code, out, error } = await runCli(['contract', ...args]);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(error).toContain(`${name}: `);
      expect(error).not.toContain('s3cret');
    }
    expect((await runCli(['contract', 'verify', '--lock', url, url])).error).not.toContain('s3cret');
  });

  it.each(['http://search.example.com/mcp', 'http://127.example.com/mcp', 'http://10.0.0.1/mcp'])(
    'sends no token to %s, where others can read it',
    async (url) => {
      const args = ['get', '--bearer-token-env', 'TOKEN', url];
      const { code, error } = await runCli(['contract', ...args], '', { env: { TOKEN: 's3cret' } });
      expect({ code, error }).toEqual({
        code: 2,
        error: expect.stringMatching(/is not sent over plain http to .*https/),
      });
    },
  );
});

describe('contract verify', () => {
  it('is content while a server offers what is locked', async () => {
    const file = await lock('same.json', [echo, zap]);
    const { code, out } = await runCli(['contract', 'verify', '--lock', file, ...command('stateless', [zap, echo])]);
    expect(code).toBe(0);
    expect(out).toMatch(/^the same 2 tools: sha256:[0-9a-f]{64}\n$/);
  });

  it('fails on any other digest, unless told what matters', async () => {
    const file = await lock('words.json', [echo]);
    const reworded = command('handshake', [{ ...echo, description: 'Says it again\u200b' }]);
    const run = (...more: readonly string[]) => runCli(['contract', 'verify', '--lock', file, ...more, ...reworded]);
    expect(await run()).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^Wording +echo: .*\n1 change, 0 of them breaking: /),
    });
    expect((await run('--fail-on', 'wording')).code).toBe(1);
    expect((await run('--fail-on', 'breaking')).code).toBe(0);
    const iconed = command('handshake', [{ ...echo, icons: [] }]);
    const any = await runCli(['contract', 'verify', '--lock', file, ...iconed]);
    expect(any).toMatchObject({ code: 1, out: expect.stringMatching(/^Notation/) });
    expect((await runCli(['contract', 'verify', '--lock', file, '--fail-on', 'wording', ...iconed])).code).toBe(0);
  });

  it('looks away from what the lock file ignores', async () => {
    const at = (time: number): object => ({ ...echo, _meta: { time } });
    const file = await lock('ignoring.json', [at(1)], '--ignore', '/_meta/time');
    expect((await runCli(['contract', 'verify', '--lock', file, ...command('handshake', [at(2)])])).code).toBe(0);
    const strict = await lock('strict.json', [at(1)]);
    expect((await runCli(['contract', 'verify', '--lock', strict, ...command('handshake', [at(2)])])).code).toBe(1);
  });

  it('refuses a lock file that ignores more than can be followed in each tool', async () => {
    const file = await lock('many.json', [echo]);
    const document = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const ignore = Array.from({ length: 65 }, (_, index) => `/_meta/${index}`);
    writeFileSync(file, JSON.stringify({ ...document, ignore }));
    const { code, error } = await runCli(['contract', 'get', file]);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('more than 64 pointers are ignored') });
  });

  it('refuses to ignore what is in a list (the digest said so, and nothing was ignored)', async () => {
    const iconed = [{ ...echo, icons: [{ src: 'a' }] }];
    for (const pointer of ['/icons/0/src', '/icons/src']) {
      const { code, error } = await runCli(['contract', 'get', '--ignore', pointer, ...command('handshake', iconed)]);
      expect({ code, error }).toEqual({
        code: 2,
        error: expect.stringContaining('/icons is one; ignore it as a whole'),
      });
    }
    const whole = await runCli(['contract', 'get', '--ignore', '/icons', ...command('handshake', iconed)]);
    expect(whole).toMatchObject({ code: 0, error: '' });
  });

  it('reads each lock file that is written, however long (from 8 MiB on it did not)', () => {
    const deep = (depth: number, value: unknown): unknown => (depth === 0 ? value : [deep(depth - 1, value)]);
    const read = (depth: number) => {
      const numbers = Array.from({ length: 60_000 }, () => 1);
      const tools = Array.from({ length: 12 }, (_, at) => ({ name: `t${at}`, x: deep(depth, numbers) }));
      const locked = lockTools(tools, []);
      if (locked.type === 'problem') throw new Error(locked.why);
      const text = toLockText(locked.locked) ?? '';
      const again = readLock(new TextEncoder().encode(text));
      return {
        length: text.length,
        digest: again.type === 'locked' && again.locked.compared.digest === locked.locked.compared.digest,
      };
    };
    const indented = read(8);
    expect(indented.digest).toBe(true);
    expect(indented.length).toBeGreaterThan(8 * 1024 * 1024);
    const onOneLine = read(100);
    expect(onOneLine.digest).toBe(true);
    expect(onOneLine.length).toBeLessThan(2 * 1024 * 1024);
  });

  it('refuses a lock file that was edited, or is none', async () => {
    const file = join(folder, 'edited.json');
    const { out } = await runCli(['contract', 'get', '-o', 'json', ...command('handshake', [echo])]);
    const run = async (text: string) => {
      writeFileSync(file, text);
      return runCli(['contract', 'verify', '--lock', file, ...command('handshake', [echo])]);
    };
    expect(await run(out.replace('Says', 'Said'))).toMatchObject({
      code: 2,
      error: expect.stringContaining('was edited'),
    });
    expect(await run('{"tools":[]}')).toMatchObject({ code: 2, error: expect.stringContaining('is no lock file') });
    expect(await run('{'.repeat(300))).toMatchObject({ code: 2, error: expect.stringContaining('too large') });
    expect((await runCli(['contract', 'verify', ...command('handshake', [])])).error).toContain('--lock FILE');
  });
});

describe('the status of an MCPServer', () => {
  const statusOf = (name: string, tools: object): string => {
    const file = join(folder, name);
    const object = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', status: { extensions: { tools } } };
    writeFileSync(file, JSON.stringify(object));
    return file;
  };
  const seen = (tools: readonly unknown[], ignore: readonly string[] = []): object => {
    const locked = lockTools(tools, ignore);
    if (locked.type === 'problem') throw new Error(locked.why);
    const { digest, tools: all } = locked.locked.compared;
    const list = all.map(({ interface: of, wording, name, readOnly, destructive, openWorld }) => ({
      ...{ name, interface: of.slice(0, 8), wording: wording.slice(0, 8), readOnly, destructive, openWorld },
    }));
    return { digest, list, ...(ignore.length === 0 ? {} : { ignore }) };
  };

  it('is a lock, with what it ignores', async () => {
    const file = statusOf('status.json', seen([echo, zap]));
    const run = (lockFile: string, tools: readonly unknown[]) =>
      runCli(['contract', 'verify', '--lock', lockFile, ...command('handshake', tools)]);
    expect(await run(file, [zap, echo])).toMatchObject({ code: 0, out: expect.stringMatching(/^the same 2 tools: /) });
    expect(await run(file, [echo])).toMatchObject({ code: 1, out: expect.stringMatching(/^Removed +zap: is gone\n/) });
    const typed = { ...echo, inputSchema: { type: 'object', required: ['a'] } };
    expect((await run(file, [typed, zap])).out).toMatch(/^InterfaceBreaking +echo: its schemas are others/);
    const at = (time: number): object => ({ ...echo, _meta: { time } });
    const ignoring = statusOf('status-ignoring.json', seen([at(1)], ['/_meta/time']));
    expect((await run(ignoring, [at(2)])).code).toBe(0);
  });

  it('is shown like a lock file, and is none to be written', async () => {
    const file = statusOf('shown.json', seen([echo, zap]));
    expect((await runCli(['contract', 'get', file])).out).toBe(
      (await runCli(['contract', 'get', ...command('handshake', [echo, zap])])).out,
    );
    expect(await runCli(['contract', 'get', '-o', 'json', file])).toMatchObject({
      ...{ code: 2, out: '' },
      error: expect.stringContaining('has no whole tools in its status: name the server itself, as mcpserver/NAME'),
    });
    expect(await runCli(['contract', 'get', statusOf('none.json', {})])).toMatchObject({
      ...{ code: 2, out: '' },
      error: expect.stringContaining('has no digest of its tools'),
    });
  });
});

describe('an MCPServer of a cluster', () => {
  it.each([
    ['get', '-n', 'tools', 'https://search.example.com/mcp'],
    ['get', '--context', 'prod', 'tools.lock.json'],
    ['get', '--context', 'prod', '--stdio', '--', 'node', 'server.mjs'],
    ['verify', '--lock', 'tools.lock.json', '-n', 'tools', 'https://search.example.com/mcp'],
    ['diff', '--context', 'prod', 'tools.lock.json', 'https://search.example.com/mcp'],
  ])('alone is of a namespace and a context, which were ignored: %s %s %s %s', async (...args) => {
    expect(await runCli(['contract', ...args])).toMatchObject({
      ...{ code: 2, out: '' },
      error: expect.stringMatching(
        /--(namespace|context) is for an MCPServer of a cluster: name it as mcpserver\/NAME/,
      ),
    });
  });

  it.each([
    ['mcpserver/search', 'search'],
    ['mcpservers/search', 'search'],
    ['mcpserver.mcp.x-k8s.io/search', 'search'],
    ['search', undefined],
    ['./mcpserver/search', undefined],
    ['mcpserver/search/x', undefined],
  ])('is named as kubectl names it: %s', (text, name) => {
    expect(serverNamed(text)).toBe(name);
  });

  describe('is asked by a pod of its own', () => {
    const labels = { app: 'mcp-server', 'mcp-server': 'search' };
    const server = anMCPServer(withName('search'), withNamespace('tools'));
    const own = { ...server, metadata: { ...server.metadata, uid: 'of-server' } };
    const by = (kind: string, uid: string): object => ({
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'search', uid, controller: true }],
    });
    const put = (api: FakeKubeApi, plural: string, name: string, more: object): void => {
      const group = plural === 'pods' ? 'api/v1' : 'apis/apps/v1';
      const { metadata = {}, ...rest } = more as { metadata?: object };
      api.put(`/${group}/namespaces/tools/${plural}/${name}`, {
        ...{ apiVersion: group.slice(group.indexOf('/') + 1), kind: plural },
        ...{ metadata: { name, namespace: 'tools', labels, ...metadata }, ...rest },
      });
    };
    const ready = (owner: object, containerPort = 8080): object => ({
      metadata: owner,
      spec: { containers: [{ name: 'mcp-server', ports: [{ name: 'mcp', containerPort }] }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });

    function aCluster(ofDeployment: object): FakeKubeApi {
      const api = createFakeKubeApi();
      put(api, 'deployments', 'search', { metadata: { uid: 'of-deployment', ...ofDeployment } });
      put(api, 'replicasets', 'search-1', { metadata: { uid: 'of-set', ...by('Deployment', 'of-deployment') } });
      put(api, 'replicasets', 'another', { metadata: { uid: 'of-another', ...by('Deployment', 'of-somebody') } });
      put(api, 'pods', 'a-with-our-labels', ready({}));
      put(api, 'pods', 'b-of-another', ready(by('ReplicaSet', 'of-another')));
      return api;
    }

    it('at the port that it has, and not by somebody who has given a pod its labels', async () => {
      const api = aCluster(by('MCPServer', 'of-server'));
      expect(await findServingPod(api, own)).toBe('none of its pods is ready');
      put(api, 'pods', 'search-1-x', ready(by('ReplicaSet', 'of-set'), 9090));
      expect(await findServingPod(api, own)).toEqual({ name: 'search-1-x', port: 9090 });
    });

    it('and says of one that is scaled to zero that it is (it said that no pod is ready)', async () => {
      const api = createFakeKubeApi();
      const metadata = { uid: 'of-deployment', ...by('MCPServer', 'of-server') };
      put(api, 'deployments', 'search', { metadata, spec: { replicas: 0 } });
      expect(await findServingPod(api, own)).toMatch(/^it is scaled to zero: kubectl scale/);
    });

    it('and not at all where the Deployment of its name is that of somebody else', async () => {
      const api = aCluster(by('MCPServer', 'of-the-one-before'));
      put(api, 'pods', 'search-1-x', ready(by('ReplicaSet', 'of-set')));
      expect(await findServingPod(api, own)).toBe("the Deployment 'search' is not that of the server");
    });
  });

  it('is hinted at where a file of that name is not there', async () => {
    expect(await runCli(['contract', 'get', 'search-of-nobody'])).toMatchObject({
      ...{ code: 2, out: '' },
      error: expect.stringContaining('an MCPServer of a cluster is mcpserver/search-of-nobody'),
    });
  });
});

describe('contract diff', () => {
  it('tells the worst first, for programs too, and fails on what breaks', async () => {
    const before = await lock('before.json', [echo, zap]);
    const after = await lock('after.json', [{ ...echo, annotations: {}, description: 'x' }, { name: 'new' }]);
    const { code, out } = await runCli(['contract', 'diff', '-o', 'json', before, after]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      schemaVersion: 'mcp-lifecycle.tool-contract-changes/v1',
      changes: [
        { class: 'Removed', tool: 'zap', breaking: true },
        { class: 'Risk', tool: 'echo', breaking: true },
        { class: 'Wording', tool: 'echo', breaking: false },
        { class: 'Added', tool: 'new', breaking: false },
      ],
    });
    expect(
      (await runCli(['contract', 'diff', before, ...command('handshake', [echo, zap, { name: 'new' }])])).code,
    ).toBe(0);
  });

  it('looks away from what a lock file ignores, whichever of the two it is (digests of others were compared)', async () => {
    const tools = [{ ...echo, _meta: { time: 1 } }];
    const { url } = await serve({
      'server/discover': answer({ result: discovered }),
      'tools/list': answer({ result: { tools: [{ ...echo, _meta: { time: 2 } }] } }),
    });
    const file = await lock('diff-ignoring.json', tools, '--ignore', '/_meta');
    const same = { code: 0, error: '', out: expect.stringMatching(/^the same 1 tool: /) };
    expect(await runCli(['contract', 'diff', url, file])).toEqual(same);
    expect(await runCli(['contract', 'diff', file, url])).toEqual(same);
    const strict = await lock('diff-strict.json', tools);
    expect(await runCli(['contract', 'diff', strict, file])).toMatchObject({
      ...{ code: 2, out: '' },
      error: expect.stringMatching(/^BEFORE ignores nothing, AFTER \/_meta: write one of them anew/),
    });
  });

  it('sends a token to one host', async () => {
    const args = ['diff', '--bearer-token-env', 'TOKEN', 'https://a.example.com/mcp', 'https://b.example.com/mcp'];
    const { code, error } = await runCli(['contract', ...args], '', { env: { TOKEN: 's3cret' } });
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('would go to two servers') });
  });

  it('keeps on its line what a server puts into a name', async () => {
    const before = await lock('plain.json', []);
    const { out } = await runCli([
      'contract',
      'diff',
      before,
      ...command('handshake', [{ name: 'a\nRemoved b\u202e\u001b[2J' }]),
    ]);
    expect(out.split('\n')).toHaveLength(3);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\u202e\p{Cc}]/u);
  });

  it('names what it does not know', async () => {
    expect(await runCli(['contract', 'guess'])).toMatchObject({
      code: 2,
      error: expect.stringContaining('found guess'),
    });
    expect((await runCli(['contract', '--help'])).out).toContain('contract verify --lock FILE');
    expect((await runCli(['contract', 'diff', 'one.json'])).code).toBe(2);
  });
});
