import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { anMCPServer, withImage, withName, withNamespace, withRawSpec } from '../core/testing/builders.ts';
import { policyTrySchema } from './schemas/policy-try.ts';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { runCli } from './testing/run-cli.ts';

const head = { apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy' };
const exemption = { rule: 'run-as-non-root', namespace: 'mcp', name: 'search', reason: 'R', owner: 'team-search' };
const check = (document: object, ...args: readonly string[]) =>
  runCli(['policy', 'check', ...args, '-'], stringify({ ...head, ...document }));

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

let folder = '';
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('policy check', () => {
  it('is content with a policy that means something', async () => {
    expect(await check({ extends: 'baseline' })).toEqual({ code: 0, out: '-: 0 errors, 0 warnings\n', error: '' });
  });

  it('says how a policy begins, to whom copied a part of one (it said to add apiVersion, and not which)', async () => {
    const { code, out } = await runCli(['policy', 'check', '-'], stringify({ extends: 'baseline' }));
    expect(code).toBe(1);
    expect(out).toContain('Add apiVersion: mcp-lifecycle.policy/v1alpha1.');
    expect(out).toContain('Add kind: Policy.');
  });

  it('says everything that is wrong at once, each at its line, with what to do', async () => {
    const { code, out } = await check({
      extends: 'lax',
      rules: { 'image-tag-pined': { action: 'deny' }, 'image-tag-pinned': { action: 'refuse' } },
    });
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(
        /^error -:3:\d+: extends: has to be one of restricted, baseline, audit-only: found 'lax'\. /,
      ),
      expect.stringMatching(/^error -:5:\d+: rules\.image-tag-pined: is no rule of this release.*mcp-lifecycle rules/),
      expect.stringMatching(/^error -:8:\d+: rules\.image-tag-pinned\.action: has to be one of deny, warn, audit, off/),
      '-: 3 errors, 0 warnings',
      '',
    ]);
  });

  it('says what is found in the order of its lines, whatever it is (it was in that of its paths)', async () => {
    const where = (...namespaces: readonly string[]) => ({
      namespaces,
      rules: { 'image-tag-pinned': { action: 'warn' } },
    });
    const { out } = await check({
      exemptions: [{ ...exemption, until: inDays(-1) }],
      overrides: Array.from({ length: 11 }, (_, index) => (index === 2 || index === 10 ? where() : where(`n${index}`))),
    });
    const lines = [...out.matchAll(/^(?:error|warning|notice) -:(\d+):/gm)].map(([, line]) => Number(line));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
    expect(out.indexOf('exemptions[0]')).toBeLessThan(out.indexOf('overrides[2]'));
  });

  it.each<[what: string, document: object, told: string]>([
    ['a parameter that is none', { rules: { 'run-as-non-root': { parameters: { uid: 1 } } } }, 'unknown parameter'],
    [
      'a parameter that is misspelt, with those that are known in quotes (it said "known are allowed")',
      { rules: { 'image-registry': { action: 'deny', parameters: { alowed: ['example.com'] } } } },
      'unknown parameter: known: "allowed". Remove it, or correct its name or its place.',
    ],
    ['a mandatory rule that is off', { rules: { 'own-identity-protected': { action: 'off' } } }, 'always denies'],
    [
      'a demand for a label of pods that no author can give them',
      { rules: { 'required-labels': { parameters: { podLabels: { app: '*' } } } } },
      'has to be the key of a label that authors can give to pods, and so not app or mcp-server',
    ],
    ['a rule that cannot be off', { rules: { 'secret-exists': { action: 'off' } } }, 'cannot be off'],
  ])('refuses %s', async (_, document, told) => {
    const { code, out } = await check(document);
    expect(code).toBe(1);
    expect(out).toContain(told);
  });

  it.each<[what: string, document: object, told: string]>([
    ['an exemption that has ended', { exemptions: [{ ...exemption, expires: '2020-01-01' }] }, 'has ended'],
    [
      'it by advice that keeps it until the server is mended (removing it tolerated the rest for ever)',
      { exemptions: [{ ...exemption, expires: '2020-01-01' }] },
      'Mend the server and then remove it',
    ],
    [
      'an exemption that is there twice',
      {
        exemptions: [
          { ...exemption, expires: '2099-01-01' },
          { ...exemption, expires: '2099-02-01' },
        ],
      },
      'is there twice',
    ],
    [
      'overrides that may meet and differ',
      {
        overrides: [
          { namespaces: ['prod-*'], rules: { 'image-tag-pinned': { action: 'deny' } } },
          { namespaces: ['*-eu'], rules: { 'image-tag-pinned': { action: 'warn' } } },
        ],
      },
      'may hold in the same namespace as overrides[0]',
    ],
  ])('warns about %s, which fails on request', async (_, document, told) => {
    const { code, out } = await check(document);
    expect(code).toBe(0);
    expect(out).toMatch(/^warning -:\d+:\d+: /);
    expect(out).toContain(told);
    expect((await check(document, '--fail-on', 'warning')).code).toBe(1);
  });

  it('tells of an exemption that ends soon, and fails for none: nothing has to be changed yet', async () => {
    const { code, out } = await check({ exemptions: [{ ...exemption, expires: inDays(3) }] }, '--fail-on', 'warning');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^notice -:\d+:\d+: exemptions\[0\]\.expires: ends soon: .*\n-: 0 errors, 0 warnings, 1 notice\n$/,
    );
  });

  it.each<[what: string, overrides: readonly object[]]>([
    ['never meet', [{ namespaces: ['prod-*'] }, { namespaces: ['dev-*'] }]],
    ['want other labels', [{ namespaceLabels: { a: 'b' } }, { namespaceLabels: { a: 'c' } }]],
  ])('says nothing about overrides that %s', async (_, overrides) => {
    const actions = ['deny', 'audit'];
    const differing = overrides.map((one, index) => ({
      ...one,
      rules: { 'image-tag-pinned': { action: actions[index] } },
    }));
    expect((await check({ overrides: differing })).out).toBe('-: 0 errors, 0 warnings\n');
  });

  it('compares no more overrides than it has time for, and says where it stopped', async () => {
    const overrides = Array.from({ length: 60 }, (_, index) => ({
      namespaces: Array.from({ length: 100 }, (_none, at) => `*a*${index}*b*${at}x`),
      rules: { 'image-tag-pinned': { action: index % 2 === 0 ? 'deny' : 'audit' } },
    }));
    const { code, out } = await check({ overrides });
    expect(code).toBe(0);
    expect(out).toMatch(/^warning -:\d+:\d+: overrides\[\d+\]: .* were not compared with others/m);
  });

  it.each(['[*]', '[*-prod, dev]', '\n      - *-prod'])('hints at quotes for namespaces: %s', async (names) => {
    const text = `${stringify(head)}overrides:\n  - namespaces: ${names}\n    rules: {}\n`;
    const { code, error } = await runCli(['policy', 'check', '-'], text);
    expect(code).toBe(2);
    expect(error).toContain('(a name that begins with * needs quotes: "*-prod")');
  });

  it('says where an action belongs', async () => {
    const { code, out } = await runCli(
      ['policy', 'check', '-'],
      `${stringify(head)}rules:\n  run-as-non-root: off\n  image-tag-pinned: deny\n`,
    );
    expect(code).toBe(1);
    expect(out).toContain('rules.run-as-non-root: has to be an object: found off. Write action: off below it.');
    expect(out).toContain('rules.image-tag-pinned: has to be an object: found deny. Write action: deny below it.');
  });

  it('tells what is no document from what is no policy', async () => {
    expect(await runCli(['policy', 'check', '-'], 'a: [')).toMatchObject({ code: 2, out: '' });
    expect(await runCli(['policy', 'check', '-'], '')).toMatchObject({ code: 2, out: '' });
    expect(await runCli(['policy', 'check', '-'], 'a: 1\n---\nb: 1\n')).toMatchObject({ code: 2, out: '' });
    expect(await runCli(['policy', 'check', join(folder, 'none.yaml')])).toMatchObject({ code: 2, out: '' });
    expect(await runCli(['policy', 'check', '-'], '- 1\n')).toMatchObject({ code: 1, error: '' });
    expect(await runCli(['policy', 'check', '-'], `a: ${'x'.repeat(1_048_576)}`)).toMatchObject({ code: 2, out: '' });
  });

  it('reads no more than a cluster reads', async () => {
    const exemptions = Array.from({ length: 900 }, (_, at) => ({
      ...exemption,
      name: `s-${at}`,
      expires: '2099-01-01',
    }));
    expect(await check({ exemptions })).toMatchObject({ code: 0 });
    const { code, error } = await runCli(['policy', 'check', '-'], JSON.stringify({ ...head, exemptions }));
    expect(code).toBe(2);
    expect(error).toContain('6000 where not every key has a line of its own');
  });

  it('needs a word it knows, and a file', async () => {
    expect((await runCli(['policy'])).code).toBe(2);
    expect((await runCli(['policy', 'show'])).error).toContain('policy takes check or try, found show');
    expect((await runCli(['policy', 'check'])).code).toBe(2);
    expect((await runCli(['policy', 'try', 'policy.yaml'])).code).toBe(2);
    expect((await runCli(['policy', '--help'])).out).toContain('policy try');
    expect((await runCli(['policy', 'check', '--help'])).code).toBe(0);
  });
});

const servers = [
  anMCPServer(withNamespace('shop'), withImage('ghcr.io/example/a:latest')),
  anMCPServer(withNamespace('shop'), withName('other'), withImage('ghcr.io/example/b:latest')),
  anMCPServer(withNamespace('play'), withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } })),
]
  .map((server) => stringify(server))
  .join('---\n');

const policyText = stringify({
  ...head,
  rules: { 'image-tag-pinned': { action: 'deny' } },
  overrides: [{ namespaces: ['play'], rules: { 'run-as-non-root': { action: 'audit' } } }],
});

describe('policy try', () => {
  it('counts servers by namespace and rule, with the entry that makes it so', async () => {
    expect(await runCli(['policy', 'try', file('policy.yaml', policyText), '-'], servers)).toEqual({
      code: 0,
      out: `NAMESPACE  RULE              ACTION  SERVERS  POLICY
play       run-as-non-root   audit   1        overrides[0] play
shop       image-tag-pinned  deny    2        rules
3 MCPServers: 2 would be refused, 0 warned about (policy: ${file('policy.yaml', policyText)})
`,
      error: '',
    });
  });

  it('says the same as JSON', async () => {
    const policy = file('policy.yaml', policyText);
    const { out } = await runCli(['policy', 'try', '-o', 'json', policy, '-'], servers);
    expect(JSON.parse(out)).toEqual({
      ...{ schemaVersion: 'mcp-lifecycle.policy-try/v1', policy: { file: policy }, servers: 3, refused: 2, warned: 0 },
      rows: [
        { namespace: 'play', rule: 'run-as-non-root', action: 'audit', servers: 1, because: 'overrides[0] play' },
        { namespace: 'shop', rule: 'image-tag-pinned', action: 'deny', servers: 2, because: 'rules' },
      ],
      ...{ notChecked: [], rulesNotJudgedFor: [], problems: [], ignoredOfPolicy: [], notes: [] },
    });
    expect(problemsOf(closed(policyTrySchema), JSON.parse(out))).toEqual([]);
  });

  it('lists as JSON what was not judged, not checked and ignored (it was on standard error alone)', async () => {
    const newer = file('newer.yaml', stringify({ ...head, rules: { 'not-yet': { action: 'deny' } } }));
    const illegible = stringify(anMCPServer(withNamespace('shop'))).replace(/port: \d+/, 'port: none');
    const naming = stringify(
      anMCPServer(
        withNamespace('play'),
        withRawSpec({ config: { envFrom: [{ configMapRef: { name: 'settings' } }] } }),
      ),
    );
    const { out } = await runCli(['policy', 'try', '-o', 'json', newer, '-'], `${illegible}---\n${naming}`);
    expect(JSON.parse(out)).toMatchObject({
      ...{ servers: 2, problems: [] },
      rulesNotJudgedFor: [{ namespace: 'shop', name: 'search' }],
      notChecked: [{ kind: 'ConfigMap', namespace: 'play', name: 'settings' }],
      ignoredOfPolicy: [{ file: newer, message: expect.stringContaining('rules.not-yet') }],
    });
    expect(problemsOf(closed(policyTrySchema), JSON.parse(out))).toEqual([]);
  });

  it('says of which servers no rule was judged', async () => {
    const text = stringify(anMCPServer(withNamespace('shop'))).replace(/port: \d+/, 'port: none');
    const { code, error } = await runCli(['policy', 'try', file('policy.yaml', policyText), '-'], text);
    expect(code).toBe(0);
    expect(error).toMatch(/^rules not judged until the schema holds: shop\/\S+\n$/);
  });

  it('tries no policy that means nothing, and goes on without what it does not know', async () => {
    const broken = file('broken.yaml', stringify({ ...head, extends: 'lax' }));
    expect(await runCli(['policy', 'try', broken, '-'], servers)).toMatchObject({
      ...{ code: 2, out: '', error: expect.stringContaining('extends: has to be one of') },
    });
    const newer = file('newer.yaml', stringify({ ...head, rules: { 'not-yet': { action: 'deny' } } }));
    expect(await runCli(['policy', 'try', newer, '-'], servers)).toMatchObject({
      ...{ code: 0, error: expect.stringContaining('rules.not-yet: is no rule of this release') },
    });
  });
});

it('render --policy refuses what the policy refuses, and shows what it lets pass', async () => {
  const server = stringify(anMCPServer(withImage('ghcr.io/example/a:latest')));
  expect((await runCli(['render', '-'], server)).code).toBe(0);
  const { code, error } = await runCli(['render', '--policy', file('policy.yaml', policyText), '-'], server);
  expect(code).toBe(1);
  expect(error).toContain('(policy: rules) [image-tag-pinned]');
});

describe('check --policy', () => {
  it('judges by it, in the words of the cluster', async () => {
    const { code, out } = await runCli(['check', '--policy', file('policy.yaml', policyText), '-'], servers);
    expect(code).toBe(1);
    expect(out.match(/ deny shop\/\S+: .* \(policy: rules\) \[image-tag-pinned\]$/gm)).toHaveLength(2);
    expect(out).not.toContain('run-as-non-root');
  });

  it('knows the labels of the Namespaces of the input, and of no others', async () => {
    const byLabel = file(
      'labels.yaml',
      stringify({
        ...head,
        overrides: [{ namespaceLabels: { stage: 'play' }, rules: { 'run-as-non-root': { action: 'off' } } }],
      }),
    );
    const play = stringify({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'play', labels: { stage: 'play' } },
    });
    const run = (...documents: readonly string[]) =>
      runCli(['check', '--policy', byLabel, '-'], documents.join('---\n'));
    expect((await run(servers, play)).out).not.toContain('run-as-non-root');
    expect((await run(servers)).out).toContain('(policy: overrides[0] stage=play not checked) [run-as-non-root]');
    const overlay = play.replace('stage: play', 'stage: prod');
    expect((await run(servers, play, overlay)).out).toContain('stage=play not checked) [run-as-non-root]');
    expect((await run(servers, overlay, play)).out).toContain('stage=play not checked) [run-as-non-root]');
  });

  it.each<[what: string, labels: object]>([
    ['does not give', { team: 'games' }],
    ['gives another value', { stage: 'play' }],
  ])('does not take a label for missing that a Namespace of the input %s', async (_, labels) => {
    const byLabel = file(
      'prod.yaml',
      stringify({
        ...head,
        rules: { 'run-as-non-root': { action: 'audit' } },
        overrides: [{ namespaceLabels: { stage: 'prod' }, rules: { 'run-as-non-root': { action: 'deny' } } }],
      }),
    );
    const play = stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'play', labels } });
    const { code, out } = await runCli(['check', '--policy', byLabel, '-'], [servers, play].join('---\n'));
    expect(out).toContain('(policy: overrides[0] stage=prod not checked) [run-as-non-root]');
    expect(code).toBe(1);
  });

  it('passes what it only audits, and keeps it in the JSON', async () => {
    const listening = file('listening.yaml', stringify({ ...head, extends: 'audit-only' }));
    expect(await runCli(['check', '--fail-on', 'warn', '--policy', listening, '-'], servers)).toMatchObject({
      code: 0,
    });
    const { out } = await runCli(['check', '--policy', listening, '-o', 'json', '-'], servers);
    expect(JSON.parse(out)).toMatchObject({
      findings: [{ severity: 'audit' }, { severity: 'audit' }, { severity: 'audit' }],
    });
  });

  it('an exemption that ends soon is announced in every output, and fails nothing before it has ended', async () => {
    const asRoot = stringify(
      anMCPServer(
        withNamespace('mcp'),
        withName('search'),
        withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } }),
      ),
    );
    const run = (days: number, ...args: readonly string[]) => {
      const exemptions = [{ ...exemption, expires: inDays(days) }];
      const policy = file(`until-${days}.yaml`, stringify({ ...head, exemptions }));
      return runCli(['check', '--fail-on', 'warn', '--policy', policy, ...args, '-'], asRoot);
    };
    const { code, out } = await run(3);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/ warn mcp\/search: .* until /) });
    expect(JSON.parse((await run(3, '-o', 'json')).out)).toMatchObject({
      ...{ exitCode: 0, findings: [{ severity: 'warn', exemption: 'ending' }] },
    });
    expect((await run(3, '-o', 'github')).out).toMatch(/^::warning /);
    expect((await run(3, '-o', 'junit')).out).not.toContain('<failure');
    expect((await run(0)).code).toBe(1);
  });

  it('tells in every output what of it is ignored, and ends as the cluster would', async () => {
    const misspelt = file(
      'misspelt.yaml',
      stringify({
        ...head,
        rules: { 'run-as-non-rot': { action: 'deny' }, 'own-identity-protected': { action: 'audit' } },
      }),
    );
    const fine = stringify(anMCPServer(withNamespace('shop')));
    const names = ['json', 'sarif', 'junit', 'github', 'gitlab', 'markdown', 'text'];
    const outputs = names.flatMap((name) => ['-o', `${name}=${join(folder, `ignored.${name}`)}`]);
    const { code, error } = await runCli(['check', '--policy', misspelt, ...outputs, '-'], fine);
    expect(code).toBe(0);
    expect(error).toMatch(/misspelt\.yaml:4:\d+: ignored: rules\.run-as-non-rot: is no rule of this release/);
    expect(error).toMatch(/ignored: rules\.own-identity-protected\.action: this rule always denies/);
    for (const name of names) {
      const text = readFileSync(join(folder, `ignored.${name}`), 'utf8').replaceAll('\\', '');
      expect({ name, text }).toEqual({ name, text: expect.stringMatching(/ignored: rules\.run-as-non-rot: /) });
    }
    const { out } = await runCli(['check', '--policy', misspelt, '-'], fine);
    expect(out).toContain('; 2 parts of the policy ignored');
  });

  it('judges nothing by a policy that means nothing', async () => {
    const broken = file('broken.yaml', '- 1\n');
    expect(await runCli(['check', '--policy', broken, '-'], servers)).toMatchObject({ code: 2, out: '' });
  });
});
