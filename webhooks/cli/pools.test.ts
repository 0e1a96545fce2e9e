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

  it('is refused for what is wrong with it as a whole, once', async () => {
    const { code, out } = await runCli(['check', '-'], `${pool.replace(': 0}}', ': 7}}')}  limits: {servers: 1}\n`);
    expect(code).toBe(1);
    expect(out.match(/spec\.limits\.servers/g)).toHaveLength(1);
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
});
