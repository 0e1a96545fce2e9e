import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli, type CliRun } from './testing/run-cli.ts';

let top = '';
const at = (name: string): string => join(top, name);

const server = (name: string, security = 'runAsUser: 0', more = ''): string => `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: ${name}, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080${more}}
  runtime: {replicas: 1, security: {securityContext: {${security}}}}
`;

function write(name: string, ...documents: readonly string[]): void {
  mkdirSync(join(at(name), '..'), { recursive: true });
  writeFileSync(at(name), documents.join('---\n'));
}

function git(...args: readonly string[]): void {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
  const { status, stderr } = spawnSync('git', ['-C', top, ...identity, ...args], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

/** What stands in the folder now is the base, as a ref and as a folder. */
function commit(): void {
  cpSync(top, `${top}-base`, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'base');
}

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'base-')));
});
afterEach(() => {
  rmSync(top, { recursive: true });
  rmSync(`${top}-base`, { recursive: true, force: true });
});

const bases = { 'a Git ref': () => 'main', 'a folder': () => `${top}-base` };

it('a base that is judged itself is refused: everything would pass', async () => {
  write('deploy/a.yaml', server('search'));
  for (const base of [top, at('deploy'), at('deploy/a.yaml')]) {
    const { code, error } = await runCli(['check', '--base', base, at('deploy')]);
    expect({ base, code, error }).toEqual({
      ...{ base, code: 2 },
      error: expect.stringMatching(/^--base: .*a\.yaml is judged itself, and compared with itself everything passes/),
    });
  }
});

describe.each(Object.keys(bases) as readonly (keyof typeof bases)[])('against %s', (kind) => {
  const check = (...args: readonly string[]): Promise<CliRun> =>
    runCli(['check', '--base', bases[kind](), ...args, top]);

  it('a violation that was there before is shown as tolerated, and fails nothing', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    write('deploy/a.yaml', `# moved a line\n${server('search').replace('replicas: 1', 'replicas: 0')}`);
    const { code, out } = await check();
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('a.yaml:8:55: tolerated tools/search: ') });
    expect(out).toContain('1 MCPServer checked: 0 refused, 0 warned about, 1 passed; 1 finding tolerated, because ');
    expect((await runCli(['check', top])).code).toBe(1);
  });

  it('a new violation of the same server is refused', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    write('deploy/a.yaml', server('search', 'runAsUser: 0, privileged: true'));
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/ deny tools\/search: .*privileged/);
    expect(out).toMatch(/ tolerated tools\/search: .*runAsUser/);
  });

  it('a changed value at the same place is refused', async () => {
    write('deploy/a.yaml', server('search', 'runAsUser: 0', ', path: "no-slash"'));
    commit();
    write('deploy/a.yaml', server('search', 'runAsUser: 0', ', path: "no-slash-either"'));
    expect((await check()).code).toBe(1);
  });

  it('the summary says how many are updates, so that no new one is taken for one', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    write('deploy/b.yaml', server('other'));
    expect((await check()).out).toContain(`; compared with ${bases[kind]()}: 1 of 2 is an update`);
  });

  it('a server that the base does not have is new', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    write('deploy/a.yaml', server('search'), server('copy'));
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/ deny tools\/copy: /);
    expect(out).toMatch(/ tolerated tools\/search: /);
  });

  it('an object in another namespace is another one', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    write('deploy/a.yaml', server('search').replace('namespace: tools', 'namespace: other'));
    expect((await check()).code).toBe(1);
  });

  it('an object is the same wherever its file is now', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    mkdirSync(at('renamed'));
    renameSync(at('deploy/a.yaml'), at('renamed/b.yaml'));
    expect((await check()).code).toBe(0);
  });

  it('what one overlay had excuses no other', async () => {
    write('dev/a.yaml', server('search'));
    write('prod/a.yaml', server('search', 'runAsUser: 1000'));
    commit();
    write('prod/a.yaml', server('search'));
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/prod\/a\.yaml:\d+:\d+: deny /);
    expect(out).toMatch(/dev\/a\.yaml:\d+:\d+: tolerated /);
  });

  it('fields that the schema does not know are said of every request', async () => {
    write('deploy/a.yaml', server('search', 'runAsUser: 1000', ', prot: 1'));
    commit();
    const { code, out } = await check('--fail-on', 'warn');
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('unknown field') });
  });

  it('schema errors that were there before are tolerated, as by the API server', async () => {
    write('deploy/a.yaml', server('search').replace('8080', '"8080"'));
    commit();
    write('deploy/a.yaml', server('search').replace('8080', '"8080"').replace('replicas: 1', 'replicas: 0'));
    const { code, out } = await check();
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining('tolerated tools/search: spec.config.port'),
    });
  });

  it('a base that cannot be read in part excuses nothing', async () => {
    write('deploy/a.yaml', server('search'), 'a: 1\na: 2\nkind: MCPServer\n');
    write('deploy/b.yaml', 'kind: MCPServer\nb: [');
    commit();
    write('deploy/a.yaml', server('search'));
    rmSync(at('deploy/b.yaml'));
    expect((await check()).code).toBe(0);
    write('deploy/a.yaml', server('other'));
    expect((await check()).code).toBe(1);
  });

  it('references of the base alone are not listed as not checked', async () => {
    write('deploy/a.yaml', server('search', 'runAsUser: 0', ', envFrom: [{secretRef: {name: only-before}}]'));
    commit();
    write('deploy/a.yaml', server('search'));
    expect((await check()).out).not.toContain('only-before');
  });

  it('programs are told as well', async () => {
    write('deploy/a.yaml', server('search'));
    commit();
    const { out } = await check('--output', 'json');
    expect(JSON.parse(out)).toMatchObject({
      exitCode: 0,
      base: { name: bases[kind](), updates: 1 },
      findings: [{ severity: 'deny', tolerated: true }],
    });
    expect((await check('--output', 'github')).out).toMatch(/^::notice .*tolerated/);
    expect((await check('--output', 'sarif')).out).toContain('"level": "note"');
    expect((await check('--output', 'gitlab')).out).toContain('"severity": "info"');
    expect((await check('--output', 'junit')).out).toContain('failures="0"');
    expect((await check('--output', 'markdown')).out).toContain('| tolerated |');
  });
});

it('what is no ref and no folder is wrong usage', async () => {
  write('a.yaml', server('search'));
  expect(await runCli(['check', '--base', 'nope', at('a.yaml')])).toMatchObject({
    code: 2,
    error: expect.stringMatching(/^--base: .* is in no Git repository/),
  });
  commit();
  expect(await runCli(['check', '--base', 'nope', at('a.yaml')])).toMatchObject({
    code: 2,
    error: expect.stringMatching(/^--base: there is no commit 'nope'/),
  });
  expect(await runCli(['check', '--base=--upload-pack=x', at('a.yaml')])).toMatchObject({ code: 2 });
});

describe('the policy of before', () => {
  const header = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n';
  const exempting = `${header}exemptions:
- {rule: run-as-non-root, namespace: tools, name: search, reason: R, owner: O, expires: "2999-12-31"}
`;
  const released = server('search').replace('1.4.0', '1.5.0');
  const removed = expect.stringContaining('(policy: its exemption was removed) [run-as-non-root]');
  const checkBy = (policy: string, ...args: readonly string[]): Promise<CliRun> =>
    runCli(['check', '--policy', policy, ...args, at('deploy')]);

  beforeEach(() => {
    write('deploy/a.yaml', server('search'));
    write('ci/policy.yaml', exempting);
  });

  it.each([
    ['main', () => 'main', () => 'main:ci/policy.yaml'],
    ['a folder', () => `${top}-base`, () => `${top}-base/ci/policy.yaml`],
  ])(
    'is what %s has in its place: an exemption that goes with the change that it let in ends',
    async (_, base, name) => {
      commit();
      write('deploy/a.yaml', released);
      expect(await checkBy(at('ci/policy.yaml'), '--base', base())).toMatchObject({ code: 0, error: '' });
      write('ci/policy.yaml', header);
      const { code, out } = await checkBy(at('ci/policy.yaml'), '--base', base());
      expect({ code, out }).toEqual({ code: 1, out: removed });
      expect(out).toContain(`; compared with ${base()} (policy: ${name()}): 1 of 1 is an update`);
      const json = await checkBy(at('ci/policy.yaml'), '--base', base(), '-o', 'json');
      expect(JSON.parse(json.out)).toMatchObject({ base: { policy: name() } });
    },
  );

  it('may be named, where the base does not have it, or no policy judges any more', async () => {
    commit();
    const elsewhere = `${top}-base/ci/policy.yaml`;
    write('deploy/a.yaml', released);
    rmSync(at('ci/policy.yaml'));
    const base = ['--base', 'main'] as const;
    expect((await runCli(['check', ...base, at('deploy')])).code).toBe(0);
    expect(await runCli(['check', ...base, '--base-policy', elsewhere, at('deploy')])).toMatchObject({
      ...{ code: 1, out: removed },
    });
    expect(await runCli(['check', ...base, '--base-policy', at('none.yaml'), at('deploy')])).toMatchObject({
      ...{ code: 2, error: expect.stringContaining('none.yaml: no such file') },
    });
    expect(await runCli(['check', '--base-policy', elsewhere, at('deploy')])).toMatchObject({
      ...{ code: 2, error: expect.stringContaining('--base-policy is what judged a base: name that with --base') },
    });
  });

  it.each([
    [
      'absent',
      undefined,
      /^main:ci\/policy\.yaml: there is no such file, or an empty one: what a policy excused before/,
    ],
    ['no policy', 'kind: [', /^main:ci\/policy\.yaml:1:\d+: .*: what a policy excused before is not known/],
  ])('that is %s at the base is told, and holds nobody up', async (_what, text, said) => {
    if (text === undefined) rmSync(at('ci/policy.yaml'));
    else write('ci/policy.yaml', text);
    commit();
    write('ci/policy.yaml', header);
    write('deploy/a.yaml', released);
    const { code, error } = await checkBy(at('ci/policy.yaml'), '--base', 'main');
    expect({ code, error }).toEqual({ code: 0, error: expect.stringMatching(said) });
  });

  it('is in the status of what a cluster has: an exemption that was removed by an earlier change ends, too', async () => {
    commit();
    write('ci/policy.yaml', header);
    const status = 'status: {extensions: {policy: {digest: d, excused: [run-as-non-root]}}}\n';
    mkdirSync(`${top}-base/cluster`);
    writeFileSync(`${top}-base/cluster/servers.yaml`, `${server('search')}${status}`);
    write('deploy/a.yaml', released);
    const { code, out } = await checkBy(at('ci/policy.yaml'), '--base', `${top}-base/cluster`);
    expect({ code, out }).toEqual({ code: 1, out: removed });
  });

  it('from another repository is taken for that of now', async () => {
    commit();
    write('deploy/a.yaml', released);
    const outside = realpathSync(mkdtempSync(join(tmpdir(), 'policy-')));
    writeFileSync(join(outside, 'policy.yaml'), header);
    for (const base of ['main', `${top}-base`])
      expect(await checkBy(join(outside, 'policy.yaml'), '--base', base)).toMatchObject({ code: 0, error: '' });
    rmSync(outside, { recursive: true });
  });
});
