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
});
