import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { issueAuthority } from '../platform/tls/certificates.ts';
import { runCli } from './testing/run-cli.ts';

const server = (rest = '', config = ''): string => `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata:
  name: search
spec:
  source:
    type: ContainerImage
    containerImage: {ref: "example.com/search:1.4.0"}
  config:
    port: 8080
${config}${rest}`;

const asRoot = server(`  runtime:
    security:
      securityContext:
        runAsUser: 0
`);

describe('a CA bundle in the input', () => {
  const tls = '  transport:\n    tls: {enabled: true, caBundleSecret: {name: internal-ca}}\n';
  const secret = (data: string): string =>
    `---\napiVersion: v1\nkind: Secret\nmetadata: {name: internal-ca}\n${data}\n`;

  it.each([
    ['stringData: {ca.crt: "not yet"}', 'contains no valid PEM certificates'],
    ['data: {ca.crt: bm90IHlldA==}', 'contains no valid PEM certificates'],
    ['data: {tls.crt: bm90IHlldA==}', 'does not contain key "ca.crt"'],
  ])('is looked into: %s', async (data, wanted) => {
    const { code, out } = await runCli(['check', '-'], server(tls) + secret(data));
    expect(code).toBe(0);
    expect(out).toContain(wanted);
    expect(out).not.toContain('not yet');
  });

  it('is fine when it holds a certificate', async () => {
    const { certificate } = await issueAuthority(new Date());
    const data = `stringData: ${JSON.stringify({ 'ca.crt': certificate })}`;
    const { out } = await runCli(['check', '-'], server(tls) + secret(data));
    expect(out).toContain('0 warned about');
  });
});

describe('check', () => {
  it('prints nothing but a summary for a server that is fine', async () => {
    expect(await runCli(['check', '-'], server())).toEqual({
      code: 0,
      out: '1 MCPServer checked: 0 refused, 0 warned about, 1 passed\n',
      error: '',
    });
  });

  it('prints each finding with its place, in the order of the file', async () => {
    const text = `${asRoot}---\n${server('', '    prot: 1\n')}---\nkind: Other\n`;
    const { code, out } = await runCli(['check', '-'], text);
    expect(code).toBe(1);
    expect(out).toMatchInlineSnapshot(`
     "-:14:9: deny default/search: spec.runtime.security.securityContext.runAsUser: container would run as root: found runAsUser: 0. Set runAsUser to an id above 0, or remove it. [run-as-non-root]
     -:26:5: deny default/search: spec.config.prot: strict decoding error: unknown field "spec.config.prot": the API server drops it, so kubectl refuses it unless --validate says otherwise. Remove it, or correct its name or its place. [schema]
     2 MCPServers checked: 2 refused, 0 warned about, 0 passed; 1 other document ignored
     "
    `);
  });

  it('says beside the count what looks as if it had been meant', async () => {
    const foreign = 'apiVersion: other.example.com/v1\nkind: MCPServer\n';
    const policy = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n';
    const { code, out } = await runCli(['check', '-'], [server(), foreign, policy].join('---\n'));
    expect(code).toBe(0);
    expect(out).toContain(
      '2 other documents ignored (an MCPServer of other.example.com/v1, neither of mcp.x-k8s.io nor of mcp.v2dy.io; - is a policy: judge by it with --policy)',
    );
    expect(await runCli(['check', '-'], policy)).toMatchObject({
      code: 2,
      error: expect.stringContaining('no MCPServer in - (- is a policy: judge by it with --policy)'),
    });
  });

  it('leaves no output of a run before where nothing could be judged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'check-'));
    const names = ['text', 'json', 'sarif', 'junit', 'github', 'gitlab', 'markdown'];
    const files = names.map((name) => join(folder, name));
    const outputs = names.flatMap((name, at) => ['-o', `${name}=${files[at] ?? ''}`]);
    const refused = [
      ['--policy', join(folder, 'none')],
      ['--base', 'no-such-ref'],
      ['--facts', join(folder, 'none')],
    ] as const;
    for (const [option, value] of refused) {
      for (const file of files) writeFileSync(file, 'of a run before');
      const { code, error } = await runCli(['check', option, value, ...outputs, '-'], server());
      expect(code).toBe(2);
      const wanted = option === '--base' ? 'no-such-ref' : 'none';
      expect(error).toContain(wanted);
      for (const file of files) {
        const written = readFileSync(file, 'utf8');
        expect(written).not.toContain('of a run before');
        expect(written.replaceAll('\\', '')).toContain(wanted);
      }
      const json = await runCli(['check', option, value, '-o', 'json', '-'], server());
      expect(JSON.parse(json.out)).toMatchObject({ exitCode: 2, servers: 0, problems: [{}] });
    }
    rmSync(folder, { recursive: true });
  });

  it('uses colours on a terminal only', async () => {
    const escape = '\u001b[';
    expect((await runCli(['check', '-'], asRoot)).out).not.toContain(escape);
    expect((await runCli(['check', '-'], asRoot, { hasColour: true })).out).toContain(escape);
  });

  it('never prints what would change the terminal', async () => {
    const { out } = await runCli(['check', '-'], server().replace('search\n', '"a\\e[31m\\nb"\n'), { hasColour: true });
    expect(out).not.toContain('a\u001b[31m');
  });

  it('prints JSON of a version, which ends in the same code', async () => {
    const { code, out } = await runCli(['check', '--output', 'json', '-'], asRoot);
    expect(code).toBe(1);
    expect(out).toMatchInlineSnapshot(`
     "{
       "schemaVersion": "mcp-lifecycle.check/v1",
       "exitCode": 1,
       "servers": 1,
       "ignoredDocuments": 0,
       "findings": [
         {
           "ruleId": "run-as-non-root",
           "severity": "deny",
           "tolerated": false,
           "file": "-",
           "line": 14,
           "column": 9,
           "server": {
             "namespace": "default",
             "name": "search"
           },
           "path": "spec.runtime.security.securityContext.runAsUser",
           "headline": "container would run as root",
           "detail": "found runAsUser: 0",
           "remedy": "Set runAsUser to an id above 0, or remove it.",
           "message": "container would run as root: found runAsUser: 0. Set runAsUser to an id above 0, or remove it. [run-as-non-root]",
           "fingerprint": "0e9b04b751f7585cca128beb954911af"
         }
       ],
       "notChecked": [],
       "featuresNotChecked": [],
       "rulesNotJudged": [],
       "rulesNotJudgedFor": [],
       "problems": [],
       "ignoredOfPolicy": []
     }
     "
    `);
  });

  it('says of which servers no rule was judged, because the schema does not hold', async () => {
    const text = `${asRoot.replace('port: 8080', 'port: "8080"')}---\n${server()}`;
    const { out } = await runCli(['check', '-'], text);
    expect(out).not.toContain('[run-as-non-root]');
    expect(out).toContain('\nrules not judged until the schema holds: default/search\n2 MCPServers checked: 1 refused');
    const { out: json } = await runCli(['check', '--output', 'json', '-'], text);
    expect(JSON.parse(json)).toMatchObject({
      rulesNotJudged: [],
      rulesNotJudgedFor: [{ file: '-', namespace: 'default', name: 'search' }],
    });
  });

  it('fails for warnings only when asked to', async () => {
    const args = ['check', '--validate', 'warn'] as const;
    const text = server('', '    prot: 1\n');
    expect((await runCli([...args, '-'], text)).code).toBe(0);
    expect((await runCli([...args, '--fail-on', 'warn', '-'], text)).code).toBe(1);
  });

  it('treats a field that the schema does not know as kubectl does, whatever --validate says', async () => {
    const text = `${server('', '    prot: 1\n    env:\n    - name: A\n      vlaue: b\n')}extra: 1\n`.replace(
      '  name: search\n',
      '  name: search\n  lables: {a: b}\n',
    );
    const fields = ['metadata.lables', 'spec.config.prot', 'spec.config.env[0].vlaue', 'extra'];
    const strict = await runCli(['check', '-'], text);
    expect(strict.code).toBe(1);
    for (const field of fields) expect(strict.out).toContain(`: strict decoding error: unknown field "${field}": `);
    const warned = await runCli(['check', '--validate', 'warn', '-'], text);
    expect(warned.code).toBe(0);
    for (const field of fields) expect(warned.out).toContain(`: unknown field "${field}": `);
    expect(warned.out).not.toContain('strict decoding error');
    expect(await runCli(['check', '--validate', 'ignore', '-'], text)).toEqual({
      code: 0,
      out: '1 MCPServer checked: 0 refused, 0 warned about, 1 passed\n',
      error: '',
    });
  });

  it('counts each server once in its summary, by the worst that is said of it', async () => {
    const older = (text: string): string => text.replace('v1beta1', 'v1alpha1');
    const { out } = await runCli(['check', '-'], [older(asRoot), older(server()), server()].join('---\n'));
    expect(out).toContain('\n3 MCPServers checked: 1 refused, 1 warned about, 1 passed\n');
  });

  it('warns of a deprecated version in the words of the API server', async () => {
    const older = server().replace('v1beta1', 'v1alpha1');
    const { code, out } = await runCli(['check', '-'], older);
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
     "-:1:1: warn default/search: apiVersion: mcp.x-k8s.io/v1alpha1 MCPServer is deprecated; use mcp.x-k8s.io/v1beta1, the fields are the same: found mcp.x-k8s.io/v1alpha1. Change apiVersion. [schema]
     1 MCPServer checked: 0 refused, 1 warned about, 0 passed
     "
    `);
    const failing = await runCli(['check', '--fail-on', 'warn', '-'], older);
    expect(failing).toMatchObject({
      code: 1,
      out: expect.stringContaining('0 refused, 1 warned about (which fails: --fail-on warn), 0 passed'),
    });
  });

  it('reads values as kubectl does, so that nothing can be hidden from it', async () => {
    const text = server('  runtime:\n    security:\n      securityContext: {runAsNonRoot: off, runAsUser: 00}\n');
    expect((await runCli(['check', '-'], text)).out).toContain('[run-as-non-root]');
  });

  it('judges items of Lists, also of JSON', async () => {
    const item = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'a.b' }, spec: {} };
    const { code, out } = await runCli(['check', '-'], JSON.stringify({ kind: 'List', items: [item] }, null, 1));
    expect(code).toBe(1);
    expect(out).toMatch(/^-:10:4: deny default\/a\.b: spec\.config: required value/m);
  });

  it('judges the name that the API server would generate', async () => {
    const generated = (prefix: string): string => server().replace('name: search', `generateName: ${prefix}`);
    expect((await runCli(['check', '-'], generated('search-'))).code).toBe(0);
    expect((await runCli(['check', '-'], generated('7-'))).out).toContain('[name-usable]');
    expect((await runCli(['check', '-'], server().replace('name: search', 'labels: {}'))).code).toBe(1);
  });
});

describe('what servers ask of other projects', () => {
  const hosts = `${server()}  extensions: {network: {egressHosts: [{host: api.example.com}]}}\n`;
  const published = `${server()}  gateway: {provider: kuadrant}\n`;

  it('is said once to be not checked where no cluster was asked, and fails nothing (they passed without a word)', async () => {
    const { code, out } = await runCli(['check', '-'], `${hosts}---\n${published}---\n${hosts}`);
    expect(code).toBe(0);
    expect(out).toContain(
      'not checked, because no cluster was asked (--context or --facts): whether spec.extensions.network.egressHosts, spec.gateway, spec.gateway.provider have an effect\n',
    );
    const { out: json } = await runCli(['check', '--output', 'json', '-'], hosts);
    expect(JSON.parse(json)).toMatchObject({ featuresNotChecked: [{ path: 'spec.extensions.network.egressHosts' }] });
  });

  it('is not spoken of where no server asks', async () => {
    expect((await runCli(['check', '-'], server())).out).not.toContain('not checked');
  });
});

describe('references', () => {
  const using = server(
    '',
    `    envFrom:
    - configMapRef: {name: settings}
    - secretRef: {name: token}
`,
  );
  const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n';
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {a: b}\n';

  it('to what is not in the input are said once to be not checked, and fail nothing', async () => {
    const other = using.replace('name: search', 'name: other');
    const { code, out } = await runCli(['check', '--fail-on', 'warn', '-'], `${using}---\n${other}`);
    expect(code).toBe(0);
    expect(out).toBe(
      'not checked, because not in the input: ConfigMap default/settings, Secret default/token\n' +
        '2 MCPServers checked: 0 refused, 0 warned about, 2 passed\n',
    );
  });

  it('hide no finding about the server, though it repeats the very words that say so', async () => {
    const words = 'it is not in the input, and there is no cluster to ask';
    const mount = `{path: /etc/search, source: {type: Secret, secret: {secretName: token, items: [{key: a, path: "../${words}"}]}}}`;
    const { code, out } = await runCli(['check', '-'], `${server('', `    storage: [${mount}]\n`)}---\n${secret}`);
    expect(out).toContain(`found '../${words}'`);
    expect(out).toContain('1 MCPServer checked: 1 refused');
    expect(code).toBe(1);
  });

  it('find ConfigMaps and Secrets of the same namespace, wherever they stand in the input', async () => {
    const { out } = await runCli(['check', '-'], `${using}---\n${configMap}---\n${secret}`);
    expect(out).not.toContain('not checked');
    const elsewhere = `${using}---\n${configMap}---\n${secret.replace('{name: token}', '{name: token, namespace: a}')}`;
    expect((await runCli(['check', '-'], elsewhere)).out).toContain('not in the input: Secret default/token\n');
    const inTeam = elsewhere.replaceAll('name: search', 'name: search\n  namespace: team');
    expect((await runCli(['check', '--namespace', 'team', '-'], inTeam)).out).toContain('Secret team/token\n');
  });

  it('find ServiceAccounts, and keys that are used by name', async () => {
    const careful = server(
      '  runtime:\n    security: {serviceAccountName: search}\n',
      '    env:\n    - name: A\n      valueFrom: {configMapKeyRef: {name: settings, key: b}}\n',
    );
    const { code, out } = await runCli(['check', '-'], `${careful}---\n${configMap}`);
    expect(code).toBe(0);
    expect(out).toContain("no key 'b' in ConfigMap 'settings': found 'a'; ");
    expect(out).toContain('not in the input: ServiceAccount default/search\n');
    const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: search}\n';
    expect((await runCli(['check', '-'], `${careful}---\n${account}`)).out).not.toContain('ServiceAccount');
  });

  it('find classes, which are in no namespace, and say of those that are missing no namespace', async () => {
    const placed = `${server()}  extensions: {scheduling: {runtimeClassName: kata, priorityClassName: late}}\n`;
    const kata = 'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: kata}\nhandler: kata\n';
    const { out } = await runCli(['check', '--namespace', 'team', '-'], `${placed}---\n${kata}`);
    expect(out).toContain('not in the input: PriorityClass late\n');
  });

  it('do not find objects of another group', async () => {
    const { out } = await runCli(['check', '-'], `${using}---\n${secret.replace('v1', 'external.io/v1')}`);
    expect(out).toContain('Secret default/token');
  });
});

describe('wrong input', () => {
  it.each([
    ['no path', ['check'], 'name at least one file or folder'],
    ['an unknown option', ['check', '--nope', '-'], "Unknown option '--nope'"],
    [
      'an unknown format',
      ['check', '-o', 'xml', '-'],
      "--output takes text, json, sarif, junit, github, gitlab or markdown, not 'xml'",
    ],
    ['an unknown severity', ['check', '--fail-on', 'info', '-'], "--fail-on takes deny or warn, not 'info'"],
    ['a path that does not exist', ['check', '/does/not/exist'], '/does/not/exist: no such file or folder'],
  ] as const)('is a mistake in the usage: %s', async (_name, args, message) => {
    const { code, error } = await runCli(args);
    expect(code).toBe(2);
    expect(error).toContain(message);
  });

  it('without any MCPServer is a mistake, unless it is allowed', async () => {
    expect(await runCli(['check', '-'], 'kind: Other')).toMatchObject({
      code: 2,
      error: expect.stringContaining('no MCPServer in -'),
    });
    expect((await runCli(['check', '--allow-empty', '-'], '')).code).toBe(0);
  });

  it('that is unreadable in part is named with its place, and the rest is judged', async () => {
    const { code, out, error } = await runCli(['check', '-'], `${asRoot}---\na: 1\na: 2\n`);
    expect(code).toBe(2);
    expect(error).toBe("-:17:1: the key 'a' stands twice in the same map\n");
    expect(out).toContain('[run-as-non-root]');
    const { out: json } = await runCli(['check', '-o', 'json', '-'], 'a: [');
    expect(JSON.parse(json)).toMatchObject({ exitCode: 2, problems: [{ file: '-', line: 1 }] });
  });
});

it('prints its help', async () => {
  expect(await runCli(['check', '--help'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('--fail-on deny|warn'),
  });
});
