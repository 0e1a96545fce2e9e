import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { outputSchemas } from './schemas.ts';
import { runCli } from './testing/run-cli.ts';

const sample = `apiVersion: mcp.v2dy.io/v1
kind: MCPServer
metadata:
  name: sendgrid-mcp
  namespace: tools
spec:
  # by digest one day
  image: ghcr.io/v2dy/sendgrid-mcp:1.4.0
  port: 3001
  protocol: http # always
  replicas: 2
  env: # of the vault
    - name: BEARER_TOKEN_BEARERAUTH
      valueFrom:
        secretKeyRef:
          name: sendgrid-secrets # rotated
          key: bearer-token
`;
const secret = `---
apiVersion: v1
kind: Secret
metadata: {name: sendgrid-secrets, namespace: tools}
stringData: {bearer-token: x}
`;

describe('check of an MCPServer of mcp.v2dy.io', () => {
  it('finds nothing in a good one whose Secret is there', async () => {
    const { code, out } = await runCli(['check', '-'], `${sample}${secret}`);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('1 MCPServer') });
  });

  it('tells at the lines and in the names of what was written', async () => {
    const { code, out } = await runCli(
      ['check', '--output', 'json', '-'],
      sample.replace('ghcr.io', 'https://ghcr.io').replace('replicas: 2', 'replicas: 1'),
    );
    const { findings } = JSON.parse(out) as { findings: readonly object[] };
    expect(code).toBe(1);
    expect(findings).toEqual([
      expect.objectContaining({ path: 'spec.image', line: 8, ruleId: 'image-reference-valid', severity: 'deny' }),
    ]);
    expect(JSON.stringify(findings)).not.toContain('containerImage');
  });

  it('warns of a command for stdio without the protocol (it said nothing)', async () => {
    const annotation = '  annotations: {mcp-lifecycle/stdio-command: \'["/bin/server"]\'}\nspec:';
    const written = (protocol: string): string =>
      `${sample.replace('spec:', annotation).replace('  protocol: http # always\n', protocol)}${secret}`;
    const { code, out } = await runCli(['check', '--fail-on', 'deny', '-'], written(''));
    expect(code).toBe(0);
    expect(out).toMatch(/^-:6:\d+: .*has no effect.*Set spec\.protocol to stdio/m);
    expect((await runCli(['check', '-'], written('  protocol: stdio\n'))).out).not.toContain('has no effect');
  });

  it('warns where what it was converted to is in the input, too (both passed)', async () => {
    const { code, out } = await runCli(
      ['check', '--fail-on', 'deny', '-'],
      `${sample}---\n${converted}${secret}`.replaceAll('replicas: 2', 'replicas: 1'),
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /^-:4:\d+: .*metadata\.name: the MCPServer of that name is another object of the input: found it in -, line/m,
    );
    expect(out).toContain('2 MCPServers checked: 0 refused, 1 warned about, 1 passed');
  });

  it('tells of fields that its API does not have, where they stand', async () => {
    const { code, out } = await runCli(['check', '-'], sample.replace('  replicas', '  source: {}\n  replicas'));
    expect(code).toBe(1);
    expect(out).toMatch(/^-:11:3: .*spec\.source.*unknown field/m);
  });

  it.each([
    ['at its head', sample.replace('spec:', 'spce: 1\nspec:'), 'spce'],
    ['in metadata', sample.replace('  name: sendgrid-mcp', '  lables: {}\n  name: sendgrid-mcp'), 'metadata.lables'],
    ['in a variable', sample.replace('valueFrom:', 'valueForm: {}\n      valueFrom:'), 'spec.env[0].valueForm'],
  ])(
    'tells once of a field %s that its API does not have (of those outside of the spec not at all)',
    async (_where, text, field) => {
      const { code, out } = await runCli(['check', '-'], `${text}${secret}`);
      expect(code).toBe(1);
      expect(out.match(/unknown field/g)).toHaveLength(1);
      expect(out).toContain(`unknown field "${field}"`);
    },
  );

  it('tells what is of the other of the two groups, and which way leads there (it said to remove it)', async () => {
    const theirs = await runCli(['check', '-'], sample.replace('  replicas', '  source: {}\n  replicas'));
    expect(theirs.out).toContain('write apiVersion: mcp.x-k8s.io/v1beta1, which has source.');
    const ours = await runCli(['check', '-'], sample.replace('mcp.v2dy.io/v1', 'mcp.x-k8s.io/v1beta1'));
    expect(ours.out).toContain('Write source.containerImage.ref: image is a field of mcp.v2dy.io/v1');
    expect(ours.out).toContain('mcp-lifecycle convert');
    expect((await runCli(['check', '-'], sample.replace('replicas: 2', 'replica: 2'))).out).toContain(
      'Remove it, or correct its name or its place.',
    );
  });

  it('tells what is wrong with its labels, which its MCPServer does not have', async () => {
    const { code, out } = await runCli(
      ['check', '-'],
      `${sample.replace('  namespace: tools', '  namespace: tools\n  labels: {"-": x}')}${secret}`,
    );
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('metadata.labels[-]') });
  });

  it('refuses stdio and renders nothing of it', async () => {
    const stdio = sample.replace('protocol: http # always', 'protocol: stdio');
    expect((await runCli(['check', '-'], stdio)).out).toMatch(/^-:10:3: .*spec\.protocol/m);
    expect(await runCli(['render', '-'], stdio)).toMatchObject({ code: 1, out: '' });
  });

  it('renders what becomes of it', async () => {
    const { out } = await runCli(['render', '--output', 'json', '-'], `${sample}${secret}`);
    const { items } = JSON.parse(out) as { items: readonly { apiVersion: string; kind: string }[] };
    expect(items.map(({ apiVersion, kind }) => `${kind} ${apiVersion}`)).toEqual([
      'MCPServer mcp.x-k8s.io/v1beta1',
      'Deployment apps/v1',
      'NetworkPolicy networking.k8s.io/v1',
      'Service v1',
    ]);
  });
});

const converted = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata:
  name: sendgrid-mcp
  namespace: tools
spec:
  # by digest one day
  source:
    type: ContainerImage
    containerImage:
      ref: ghcr.io/v2dy/sendgrid-mcp:1.4.0
  config:
    port: 3001
    env:
      # of the vault
      - name: BEARER_TOKEN_BEARERAUTH
        valueFrom:
          secretKeyRef:
            name: sendgrid-secrets # rotated
            key: bearer-token
  runtime:
    replicas: 2
`;

describe('convert', () => {
  it('writes one of ours with its comments, and leaves everything else as it is', async () => {
    const { code, out, error } = await runCli(['convert', '-'], `${sample}${secret}`);
    expect({ code, out }).toEqual({ code: 0, out: `${converted}${secret}` });
    expect(error).toContain('-:1:1: spec.image is now spec.source.containerImage.ref\n');
    expect(error).toContain('spec.protocol is left out');
    // Whoever leaves both in one folder applies both.
    expect(error).toMatch(/put it in the place of what it was made of: .* NotOurs\n1 MCPServer converted\n$/);
  });

  it('writes what check finds nothing in', async () => {
    const { out } = await runCli(['convert', '-'], `${sample}${secret}`);
    expect((await runCli(['check', '-'], out)).code).toBe(0);
    // There is nothing to convert in it, and all of it is passed on.
    expect(await runCli(['convert', '-'], out)).toMatchObject({
      code: 2,
      out,
      error: expect.stringContaining('no MCP'),
    });
  });

  it('leaves a pool as it is, and says what makes servers of it (it said that there is nothing of that group)', async () => {
    const pool = `apiVersion: mcp.v2dy.io/v1
kind: MCPPool
metadata: {name: team}
spec: {servers: [{name: a}]}
`;
    const alone = await runCli(['convert', '-'], pool);
    expect(alone).toMatchObject({ code: 2, out: pool });
    expect(alone.error).toContain('-:1:1: an MCPPool is left as it is: ');
    const { code, out, error } = await runCli(['convert', '-'], `${sample}---\n${pool}`);
    expect({ code, out }).toEqual({ code: 0, out: `${converted}---\n${pool}` });
    expect(error).toContain('mcp-lifecycle render');
  });

  it('writes the command of a stdio server where ours has it', async () => {
    const annotation = '  annotations: {mcp-lifecycle/stdio-command: \'["/bin/server", "--stdio"]\'}\nspec:';
    const stdio = sample.replace('protocol: http # always', 'protocol: stdio').replace('spec:', annotation);
    const { code, out, error } = await runCli(['convert', '-'], `${stdio.replace('  port: 3001\n', '')}${secret}`);
    expect(code).toBe(0);
    expect(error).toContain('spec.protocol is left out: spec.extensions.stdio says it of an MCPServer\n');
    expect(out).toContain('  extensions:\n    stdio:\n      command:\n        - "/bin/server"\n        - "--stdio"\n');
    expect(out).toContain('  config:\n    port: 3000\n');
    expect(out).not.toContain('annotations');
    expect((await runCli(['check', '--fail-on', 'deny', '-'], out)).code).toBe(0);
    expect((await runCli(['check', '--fail-on', 'deny', '-'], `${stdio}${secret}`)).code).toBe(0);
  });

  it('writes JSON as JSON, and the items of a List in their places', async () => {
    const object = { apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer', metadata: { name: 'a' } };
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } },
        { ...object, spec: { image: 'example.com/a:1', port: 1 }, status: { phase: 'Running' } },
      ],
    };
    const { code, out } = await runCli(['convert', '-'], JSON.stringify(list));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ...list,
      items: [
        list.items[0],
        {
          ...object,
          apiVersion: 'mcp.x-k8s.io/v1beta1',
          spec: {
            source: { type: 'ContainerImage', containerImage: { ref: 'example.com/a:1' } },
            config: { port: 1 },
          },
        },
      ],
    });
  });

  it.each([
    ['stdio without a command', sample.replace('protocol: http', 'protocol: stdio'), 'spec.protocol'],
    ['no port', sample.replace('  port: 3001\n', ''), '-:6:1: spec.port'],
    ['no image (it was converted)', sample.replace('image:', 'imge:'), 'spec.image: required value'],
    ['a port that is a text (it was converted)', sample.replace('3001', '"3001"'), '-:9:3: spec.port: must be of type'],
    ['an unknown protocol (told at line 1)', sample.replace('http # always', 'sse'), '-:10:3: spec.protocol'],
  ])('leaves one with %s as it is, and says so', async (_name, text, said) => {
    const { code, out, error } = await runCli(['convert', '-'], text);
    expect({ code, out }).toEqual({ code: 1, out: text });
    expect(error).toContain(said);
  });

  it('ends with 2 where something is no YAML, as check does, and leaves it as it is (it ended with 1)', async () => {
    const broken = '---\na: [\n';
    const { code, out } = await runCli(['convert', '-'], `${sample}${secret}${broken}`);
    expect({ code, out }).toEqual({ code: 2, out: `${converted}${secret}${broken}` });
    expect((await runCli(['convert', '-'], broken)).code).toBe(2);
    expect((await runCli(['check', '-'], broken)).code).toBe(2);
  });

  it('reports what changes as JSON', async () => {
    const file = `${process.env['TMPDIR'] ?? '/tmp'}/conversion-${process.pid}.json`;
    await runCli(['convert', '--report', file, '-'], sample);
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'));
    rmSync(file);
    expect(problemsOf(closed(outputSchemas['conversion-report'].schema), report)).toEqual([]);
    expect(report).toMatchObject({
      schemaVersion: 'mcp-lifecycle.conversion/v1',
      objects: [
        {
          ...{ file: '-', line: 1, column: 1, namespace: 'tools', name: 'sendgrid-mcp' },
          changes: expect.arrayContaining([{ type: 'moved', from: 'spec.port', path: 'spec.config.port' }]),
        },
      ],
      problems: [],
    });
  });
});
