import { describe, expect, it } from '@jest/globals';
import { runCli } from './testing/run-cli.ts';

const pool = `apiVersion: mcp.v2dy.io/v1
kind: MCPPool
metadata: {name: team, namespace: tools}
spec:
  template:
    source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
    config: {port: 8080}
  servers:
    - name: a
    - name: b
      overrides:
        runtime:
          security: {securityContext: {runAsUser: 0}}
`;

describe('an MCPPool', () => {
  it('is judged server by server, where template and overrides say it', async () => {
    const { code, out } = await runCli(['check', '-'], pool);
    expect(code).toBe(1);
    expect(out).toMatch(/^-:13:\d+: .*spec\.servers\[1\]\.overrides\.runtime\.security\.securityContext\.runAsUser/m);
    expect(out).toContain('2 MCPServers');
  });

  it('is rendered as its servers and what they become', async () => {
    const fine = pool.replace('runAsUser: 0', 'runAsUser: 7');
    const { code, out } = await runCli(['render', '--output', 'json', '-'], fine);
    const { items } = JSON.parse(out) as { items: readonly { kind: string; metadata: { name: string } }[] };
    expect(code).toBe(0);
    expect(items.filter(({ kind }) => kind === 'MCPServer').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(items.filter(({ kind }) => kind === 'Deployment')).toHaveLength(2);
  });

  it('for stdio is rendered with an image that can be one (any text was taken)', async () => {
    const { code, error } = await runCli(['render', '--image', 'bad image', '-'], pool);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('--image') });
  });

  it('is refused for what is wrong with it as a whole, once', async () => {
    const { code, out } = await runCli(['check', '-'], `${pool.replace(': 0}}', ': 7}}')}  limits: {servers: 1}\n`);
    expect(code).toBe(1);
    expect(out.match(/spec\.limits\.servers/g)).toHaveLength(1);
    // As a whole: none of its servers is applied (it said that one passed).
    expect(out).toContain('2 MCPServers checked: 2 refused, 0 warned about, 0 passed');
  });

  it('without servers is not passed by', async () => {
    const { code, out } = await runCli(['check', '-'], `${pool.split('  servers:')[0] ?? ''}  servers: []\n`);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('spec.servers') });
  });

  it('is told of a field that nobody knows once, of the server whose overrides have it (twice, in two wordings, and of others)', async () => {
    const typo = pool.replace('security: {securityContext: {runAsUser: 0}}', 'replica: 2');
    const { code, out } = await runCli(['check', '-'], typo);
    expect(code).toBe(1);
    expect(out.match(/replica/g)).toHaveLength(2);
    expect(out).toMatch(/^-:13:\d+: .*tools\/b.*spec\.servers\[1\]\.overrides\.runtime\.replica: unknown field/m);
    const twice = pool
      .replace('    config: {port: 8080}', '    config: {port: 8080, prot: 1}')
      .replace('runAsUser: 0', 'runAsUser: 7');
    expect((await runCli(['check', '-'], twice)).out.match(/\bprot\b/g)).toHaveLength(2);
  });

  it('and an MCPServer of the same name in one input are warned of (both passed)', async () => {
    const server = `---
apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: b, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
`;
    const fine = pool.replace('runAsUser: 0', 'runAsUser: 7');
    const { code, out } = await runCli(['check', '--fail-on', 'deny', '-'], `${fine}${server}`);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^-:10:\d+: .*spec\.servers\[1\]\.name: the MCPServer of that name is another object of the input/m,
    );
    expect(out).toContain('3 MCPServers checked: 0 refused, 1 warned about');
    const elsewhere = server.replace('namespace: tools', 'namespace: other');
    expect((await runCli(['check', '-'], `${fine}${elsewhere}`)).out).not.toContain('another object');
    // As an overlay has it.
    expect((await runCli(['check', '-'], `${fine}---\n${fine}`)).out).not.toContain('another object');
  });

  const good = pool.replace('runAsUser: 0', 'runAsUser: 7');

  it.each([
    ['limits: {pods: 3}', 'spec.limits.pods: strict decoding error: unknown field "spec.limits.pods"'],
    ['limits: {server: 1}', 'spec.limits.server: strict decoding error: unknown field'],
    ['limits: {replicas: "20"}', 'spec.limits.replicas: must be of type integer'],
    ['limits: {replicas: -1}', 'spec.limits.replicas: must be greater than or equal to 0'],
    ['limits: 5', 'spec.limits: must be of type object'],
    ['limits: []', 'spec.limits: must be of type object'],
    ['labels: [a]', 'spec.labels: must be of type object'],
    ['labels: {a: 1}', 'spec.labels.a: must be of type string'],
    ['replicas: 2', 'spec.replicas: strict decoding error: unknown field'],
    ['limits: {memory: 1Gib}', 'spec.limits.memory: is no quantity: found "1Gib". Write 1Gi.'],
  ])('is held to the schema of its CRD as in a cluster: %s (it passed)', async (field, said) => {
    const { code, out } = await runCli(['check', '-'], `${good}  ${field}\n`);
    expect(code).toBe(1);
    expect(out.match(/: deny /g)).toHaveLength(1);
    expect(out).toContain(said);
    expect(out).toMatch(/^-:14:\d+: deny/m);
  });

  it.each([
    ['adopt: "yes"', 'spec.servers[1].adopt: must be of type boolean'],
    ['adopt: 1', 'spec.servers[1].adopt: must be of type boolean'],
    ['nam: x', 'spec.servers[1].nam: strict decoding error: unknown field "spec.servers[1].nam"'],
  ])('is held to the schema of its CRD in a server: %s (it passed)', async (field, said) => {
    const { code, out } = await runCli(['check', '-'], good.replace('- name: b', `- name: b\n      ${field}`));
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining(`: ${said}`) });
    expect(out).toMatch(/^-:11:\d+: deny/m);
  });

  it.each([
    ['at its head', good.replace('spec:', 'spce: 1\nspec:'), 'spce'],
    ['in metadata', good.replace('{name: team,', '{name: team, lables: {},'), 'metadata.lables'],
    ['in status', `${good}status: {phas: x}\n`, 'status.phas'],
  ])('is told of a field %s that nobody knows (it passed)', async (_where, text, field) => {
    const { code, out } = await runCli(['check', '-'], text);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining(`unknown field "${field}"`) });
    expect((await runCli(['check', '--validate', 'ignore', '-'], text)).code).toBe(0);
  });

  it.each([
    ['servers: []', 'found a list of 0 items'],
    ['servers: {a: 1}', 'found an object'],
    ['labels: {a: b}', 'found nothing'],
  ])('that becomes nothing is not said to lack its spec: %s (it was)', async (servers, said) => {
    const { code, out } = await runCli(['check', '-'], `${good.split('  servers:')[0] ?? ''}  ${servers}\n`);
    expect(code).toBe(1);
    expect(out).not.toContain(': spec: required value');
    expect(out).toContain(`spec.servers: must be a list of 1 to 100 items: ${said}`);
  });

  it('is told of its own name and labels where they are, once (they were those of an object that nobody wrote)', async () => {
    const judge = async (text: string): Promise<readonly string[]> => {
      const { out } = await runCli(['check', '-'], text);
      return out.split('\n').filter((line) => line.includes(': deny ') || line.includes(': warn '));
    };
    expect(await judge(`${good}  labels: {"a b": c}\n`)).toEqual([
      expect.stringMatching(/^-:14:12: deny .*spec\.labels\[a b\]: the key must be/),
    ]);
    expect(await judge(good.replace('team', 'x'.repeat(70)))).toEqual([
      expect.stringContaining('metadata.name: must be at most 63 characters'),
    ]);
    expect(await judge(good.replace('team', 'Research_'))).toEqual([
      expect.stringMatching(/^-:3:\d+: deny .*metadata\.name: must be at most 253 lower case/),
    ]);
    expect(await judge(`${good}  labels: {mcp-lifecycle/expanded-from: x}\n`)).toEqual([
      expect.stringMatching(/^-:14:\d+: warn .*has no effect/),
    ]);
  });

  it('is told at the overrides of what is missing in them, and what to do there (it was at the template of all)', async () => {
    const stdio = good.replace('security: {securityContext: {runAsUser: 7}}', 'replicas: 1');
    const bare = await runCli(['check', '-'], `${stdio}        extensions: {stdio: {}}\n`);
    expect(bare.out).toMatch(/^-:14:\d+: deny .*spec\.servers\[1\]\.overrides\.extensions\.stdio\.command/m);
    const said = await runCli(['check', '-'], `${stdio}        extensions: {stdio: {command: [/bin/server]}}\n`);
    expect(said.out).toContain('Set spec.servers[1].overrides.runtime.resources.limits.memory to 512Mi');
    expect(said.out).not.toContain('spec.template.');
  });

  it('adopts an MCPServer of the same input (check said that one of the two has to go)', async () => {
    const server = `---
apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: b, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
`;
    const told = await runCli(['check', '--fail-on', 'warn', '-'], `${good}${server}`);
    expect({ code: told.code, out: told.out }).toEqual({
      code: 1,
      out: expect.stringContaining('set adopt: true beside its name in spec.servers'),
    });
    const adopting = good.replace('- name: b', '- name: b\n      adopt: true');
    expect((await runCli(['check', '--fail-on', 'warn', '-'], `${adopting}${server}`)).code).toBe(0);
  });
});
