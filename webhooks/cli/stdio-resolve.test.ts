import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ociIndex, startFakeRegistry, type FakeRegistry } from '../platform/registry/testing/fake-registry.ts';
import { isThisMachine } from '../platform/registry/registry-client.ts';
import { runCli, type CliRun } from './testing/run-cli.ts';

let registry: FakeRegistry;
let folder: string;

beforeEach(async () => {
  registry = await startFakeRegistry();
  folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-docker-'));
});

afterEach(async () => {
  await registry.close();
  await rm(folder, { recursive: true });
});

const resolve = (image: string, ...options: readonly string[]): Promise<CliRun> =>
  runCli(['stdio', 'resolve', '--insecure-registry', ...options, `${registry.host}/${image}`], '', {
    env: { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
  });

const writeConfig = (config: object): Promise<void> => writeFile(join(folder, 'config.json'), JSON.stringify(config));

const commandIn = (text: string): unknown => parse(text) as unknown;
const asCommand = (...command: readonly string[]): unknown => ({ spec: { extensions: { stdio: { command } } } });

const config = { Entrypoint: ['node'], Cmd: ['server.js'], WorkingDir: '/app', User: '65532' };

describe('stdio resolve prints', () => {
  it('the entry point and the command of an image, as a manifest has them', async () => {
    const digest = registry.putImage('tools/search', '1.0', config);
    const { code, out, error } = await resolve('tools/search:1.0');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(commandIn(out)).toEqual(asCommand('node', 'server.js'));
    expect(out).toContain(`(linux/amd64, ${digest})`);
    expect(out).toContain('ENTRYPOINT ["node"], CMD ["server.js"], WORKDIR /app');
  });

  it('words that YAML would read otherwise as the texts that they are', async () => {
    registry.putImage('a', 'latest', { Cmd: ['true', '1', '- x', 'a: b', '\u0007'] });
    expect(commandIn((await resolve('a')).out)).toEqual(asCommand('true', '1', '- x', 'a: b', '\u0007'));
  });

  it.each<[note: string, config: object]>([
    ['The shell form', { Entrypoint: ['/bin/sh', '-c', 'exec node server.js'], User: '1' }],
    ['The program is looked for in /app', { Cmd: ['./run'], WorkingDir: '/app', User: '1' }],
    ['It exposes 8080/tcp', { Cmd: ['run'], ExposedPorts: { '8080/tcp': {} }, User: '1' }],
    ['It runs as root: set', { Cmd: ['run'] }],
    ['Its user node is a name', { Cmd: ['run'], User: 'node:node' }],
    ['CMD are arguments that people often replace', { Entrypoint: ['run'], Cmd: ['--help'], User: '1' }],
  ])('what may keep it from working: %s', async (note, said) => {
    registry.putImage('a', 'latest', said);
    expect((await resolve('a')).out).toContain(`# ${note}`);
  });

  it('no note about an image that only has to be started', async () => {
    registry.putImage('a', 'latest', { Cmd: ['/run'], User: '65532' });
    expect((await resolve('a')).out.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(2);
  });

  it('what the image of the asked platform says', async () => {
    const platform = (architecture: string): object => ({ os: 'linux', architecture });
    const arm = { ...platform('arm64'), variant: 'v8' };
    const index = {
      manifests: [
        { digest: registry.putImage('a', 'amd', { Cmd: ['amd'] }, platform('amd64')), platform: platform('amd64') },
        { digest: registry.putImage('a', 'arm', { Cmd: ['arm'] }, arm), platform: arm },
      ],
    };
    registry.put('a', '1', index, ociIndex);
    expect(commandIn((await resolve('a:1')).out)).toEqual(asCommand('amd'));
    expect(commandIn((await resolve('a:1', '--platform', 'linux/arm64')).out)).toEqual(asCommand('arm'));
    const { code, error } = await resolve('a:1', '--platform', 'linux/s390x');
    expect(code).toBe(2);
    expect(error).toContain('there is no image for linux/s390x, but for linux/amd64, linux/arm64/v8 (--platform)');
  });

  it.each(['foo:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e'])('nothing by the digest %s', async (digest) => {
    const index = { manifests: [{ digest, platform: { os: 'linux', architecture: 'amd64' } }] };
    registry.put('a', '1', index, ociIndex);
    registry.answers.set(`/v2/a/manifests/${digest}`, { body: '' });
    const { code, error } = await resolve('a:1');
    expect(code).toBe(2);
    expect(error).toContain('no digest that is known');
  });

  it('nothing for an image that starts nothing, and exits as a finding does', async () => {
    registry.putImage('a', 'latest', {});
    expect(await resolve('a')).toMatchObject({
      code: 1,
      out: '',
      error: expect.stringContaining('neither ENTRYPOINT'),
    });
  });
});

describe('stdio resolve asks with the credentials of the user', () => {
  const challenge = (): string => `Bearer realm="http://${registry.host}/token",service="registry"`;
  const token = '/token?scope=repository%3Aa%3Apull&service=registry';

  /** Every answer of the repository wants this. */
  function want(authorization: string, said = challenge()): void {
    registry.putImage('a', 'latest', { Cmd: ['run'] });
    for (const [path, answer] of registry.answers)
      registry.answers.set(path, { ...answer, wants: { authorization, challenge: said } });
  }

  it('at most once, and only when it is asked for them', async () => {
    await writeConfig({ auths: { [registry.host]: { auth: Buffer.from('me:topsecret').toString('base64') } } });
    registry.putImage('a', 'latest', { Cmd: ['run'] });
    await resolve('a');
    expect(registry.asked.join('\n')).not.toContain(' as ');
  });

  it('for a token without any, where there are none', async () => {
    want('Bearer anybody');
    registry.answers.set(token, { body: JSON.stringify({ token: 'anybody' }) });
    expect((await resolve('a')).code).toBe(0);
    expect(registry.asked).toContain(`GET ${token}`);
  });

  it('of the file, by Basic', async () => {
    await writeConfig({ auths: { [registry.host]: { auth: Buffer.from('me:top:secret').toString('base64') } } });
    const basic = `Basic ${Buffer.from('me:top:secret').toString('base64')}`;
    want(basic, 'Basic realm="x"');
    expect((await resolve('a')).code).toBe(0);
  });

  it('of an identity token, in a form', async () => {
    await writeConfig({ auths: { [registry.host]: { identitytoken: 'refresh' } } });
    want('Bearer mine');
    registry.answers.set('/token', { body: JSON.stringify({ access_token: 'mine' }) });
    expect((await resolve('a')).code).toBe(0);
    expect(registry.asked.find((one) => one.startsWith('POST /token'))).toContain('refresh_token=refresh');
  });

  it('of an identity token, which no redirect takes elsewhere', async () => {
    await writeConfig({ auths: { [registry.host]: { identitytoken: 'refresh' } } });
    want('Bearer mine');
    registry.answers.set('/token', { status: 307, headers: { location: `http://${registry.host}/elsewhere` } });
    registry.answers.set('/elsewhere', { body: JSON.stringify({ access_token: 'mine' }) });
    const { code, error } = await resolve('a');
    expect(code).toBe(2);
    expect(error).toContain('sends us on with a token of ours');
    expect(registry.asked.some((one) => one.includes('/elsewhere'))).toBe(false);
  });

  it.each(['credHelpers', 'credsStore'])('of the helper that %s names', async (field) => {
    await writeConfig({ [field]: field === 'credsStore' ? 'test' : { [registry.host]: 'test' } });
    const helper = join(folder, 'docker-credential-test');
    const script = `#!/bin/sh\nread host\n[ "$1 $host" = "get ${registry.host}" ] && echo '{"Username":"me","Secret":"topsecret"}'\n`;
    await writeFile(helper, script);
    await chmod(helper, 0o755);
    want(`Basic ${Buffer.from('me:topsecret').toString('base64')}`, 'Basic realm="x"');
    expect((await resolve('a')).code).toBe(0);
  });

  it('but not whom the registry sends it to', async () => {
    await writeConfig({ auths: { [registry.host]: { auth: Buffer.from('me:topsecret').toString('base64') } } });
    const other = await startFakeRegistry();
    try {
      want(`Basic ${Buffer.from('me:topsecret').toString('base64')}`, 'Basic realm="x"');
      const [path = '', blob] = [...registry.answers].find(([one]) => one.includes('/blobs/')) ?? [];
      other.answers.set('/stored', { body: blob?.body ?? '' });
      registry.answers.set(path, { status: 307, headers: { location: `http://${other.host}/stored` } });
      expect((await resolve('a')).code).toBe(0);
      expect(other.asked).toEqual(['GET /stored']);
    } finally {
      await other.close();
    }
  });
});

describe('stdio resolve says what keeps it from an image', () => {
  it('a registry for plain HTTP that is asked over TLS, with what asks it otherwise (it was an error of OpenSSL)', async () => {
    const { code, error } = await runCli(['stdio', 'resolve', `${registry.host}/a`]);
    expect(code).toBe(2);
    expect(error).toContain('does not speak TLS: it may be one for plain HTTP, which --insecure-registry asks');
    expect(error).not.toContain('SSL routines');
  });

  it('one of this machine that ends the connection when it hears TLS, with what may help (it did not say)', async () => {
    const silent = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    try {
      const { port } = silent.address() as AddressInfo;
      const { code, error } = await runCli(['stdio', 'resolve', `127.0.0.1:${port}/a`]);
      expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('--insecure-registry') });
    } finally {
      await new Promise((closed) => silent.close(closed));
    }
  });

  it.each<[what: string, arrange: () => unknown, why: RegExp]>([
    ['an image that is not there', () => undefined, /has no such image \(HTTP 404/],
    [
      'a registry that wants a password',
      () =>
        registry.answers.set('/v2/a/manifests/latest', { wants: { authorization: 'x', challenge: 'Basic realm="x"' } }),
      /wants a user and a password, .*: docker login localhost:\d+$/m,
    ],
    [
      'a way to log in that nobody knows',
      () => registry.answers.set('/v2/a/manifests/latest', { wants: { authorization: 'x', challenge: 'Negotiate' } }),
      /in a way that is not known/,
    ],
    [
      'a token that the registry refuses',
      () =>
        registry.answers.set('/v2/a/manifests/latest', {
          wants: { authorization: 'x', challenge: `Bearer realm="http://${registry.host}/none"` },
        }),
      /gives no token for a without credentials \(HTTP 404\)/,
    ],
    [
      'a token from an unencrypted place elsewhere',
      () =>
        registry.answers.set('/v2/a/manifests/latest', {
          wants: { authorization: 'x', challenge: 'Bearer realm="http://example.com/token"' },
        }),
      /sends us to a http URL: only https is followed/,
    ],
    [
      'redirects without end',
      () =>
        registry.answers.set('/v2/a/manifests/latest', {
          status: 302,
          headers: { location: '/v2/a/manifests/latest' },
        }),
      /sends us on more than 5 times/,
    ],
    [
      'a description without end',
      () => registry.answers.set('/v2/a/manifests/latest', { body: `"${'x'.repeat(5 * 1024 * 1024)}"` }),
      /sends more than 4194304 bytes/,
    ],
    ['a bomb', () => registry.answers.set('/v2/a/manifests/latest', { body: '['.repeat(1000) }), /has more in it than/],
    ['no JSON', () => registry.answers.set('/v2/a/manifests/latest', { body: 'hello' }), /is no JSON/],
    [
      'another configuration than the manifest names',
      () => {
        registry.putImage('a', 'latest', { Cmd: ['run'] });
        for (const path of registry.answers.keys())
          if (path.includes('/blobs/')) registry.answers.set(path, { body: '{"config":{"Cmd":["evil"]}}' });
      },
      /is not what its digest sha256:[0-9a-f]{64} names/,
    ],
    [
      'an image of another platform',
      () => registry.putImage('a', 'latest', {}, { os: 'windows', architecture: 'amd64' }),
      /is for windows\/amd64/,
    ],
    [
      'more words than a command has',
      () => registry.putImage('a', 'latest', { Cmd: Array.from({ length: 65 }, () => 'x') }),
      /has more in it than spec\.extensions\.stdio\.command takes/,
    ],
  ])('%s', async (_, arrange, why) => {
    arrange();
    const { code, out, error } = await resolve('a');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(why);
  });

  it('a configuration of Docker that cannot be read, without a word of what is in it', async () => {
    await writeFile(join(folder, 'config.json'), '{"auths": {"x": {"auth": "dG9wc2VjcmV0"');
    registry.answers.set('/v2/a/manifests/latest', { wants: { authorization: 'x', challenge: 'Basic realm="x"' } });
    const { error } = await resolve('a');
    expect(error).toContain('config.json with the credentials of registries is no JSON');
    expect(error).not.toMatch(/dG9w|secret/);
  });

  it('a helper that is not installed', async () => {
    await writeConfig({ credsStore: 'none-such' });
    registry.answers.set('/v2/a/manifests/latest', { wants: { authorization: 'x', challenge: 'Basic realm="x"' } });
    expect((await resolve('a')).error).toContain(
      'docker-credential-none-such, which the configuration names, is not on the PATH',
    );
  });
});

it.each([
  ['localhost', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['registry', false],
])('asks over plain HTTP only on this machine: %s, %s', (host, isHere) => {
  expect(isThisMachine(host)).toBe(isHere);
});

it('asks over TLS unless it is told otherwise', async () => {
  registry.putImage('a', 'latest', { Cmd: ['run'] });
  const secure = await runCli(['stdio', 'resolve', `${registry.host}/a`], '', { env: { DOCKER_CONFIG: folder } });
  expect(secure.code).toBe(2);
  expect(registry.asked).toEqual([]);
});

it.each([
  [['stdio', 'resolve'], 'stdio resolve takes one image, found 0'],
  [['stdio', 'resolve', 'a', 'b'], 'stdio resolve takes one image, found 2'],
  [['stdio', 'resolve', 'https://example.com/a'], 'the image reference starts with a URL scheme'],
  [
    ['stdio', 'resolve', '--insecure-registry', 'registry.example.com/a'],
    '--insecure-registry is for a registry on this machine (localhost): leave it out for registry.example.com',
  ],
  [['stdio', 'resolve', '--insecure-registry', 'a'], 'leave it out for docker.io'],
  [['stdio', 'resolve', '--platform', 'arm', 'a'], '--platform takes an operating system and an architecture'],
] as const)('refuses %j', async ([name, ...args], problem) => {
  const { code, error } = await runCli([name, ...args]);
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(problem) });
});
