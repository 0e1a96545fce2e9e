import { describe, expect, it } from '@jest/globals';
import { applyDefaults, applyStoredDefaults } from '../core/defaults/apply.ts';
import { anMCPServer, withSpec } from '../core/testing/builders.ts';
import { changesBetween } from './changes.ts';
import { runCli } from './testing/run-cli.ts';

const bare = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080, prot: 1}
`;

/** With what the API server sets, so that only our defaults are missing. */
const complete = anMCPServer(withSpec({ config: { path: '/mcp' }, runtime: { replicas: 1 } }));

describe('diff', () => {
  it('shows what gets a default, what is dropped, and what is not stored', async () => {
    const { code, out, error } = await runCli(['diff', '-'], bare);
    expect({ code, error }).toEqual({ code: 1, error: '' });
    expect(out).toMatch(/^-:6:24: tools\/search: - spec\.config\.prot$/m);
    expect(out).toMatch(/^-:4:1: tools\/search: \+ spec\.runtime\.replicas: 1$/m);
    expect(out).toMatch(/ \(when it runs\)$/m);
    expect(out).toMatch(/\n1 MCPServer compared: \d+ fields differ\n$/);
  });

  it('finds nothing in what render prints, but what is not stored', async () => {
    const rendered = await runCli(['render', '--output', 'json', '-'], bare.replace(', prot: 1', ''));
    const [stored] = (JSON.parse(rendered.out) as { items: readonly unknown[] }).items;
    const { out } = await runCli(['diff', '--output', 'json', '-'], JSON.stringify(stored));
    const { changes } = JSON.parse(out) as { changes: readonly { stored: boolean }[] };
    expect(changes.filter((change) => change.stored)).toEqual([]);
    expect(changes).not.toEqual([]);
  });

  it('finds nothing at all in a server that has everything', async () => {
    const { code, out } = await runCli(['diff', '-'], JSON.stringify(applyDefaults(complete)));
    expect({ code, out }).toEqual({ code: 0, out: '1 MCPServer compared: 0 fields differ\n' });
  });

  it('repeats no value that is dropped', async () => {
    const { out } = await runCli(['diff', '-'], bare.replace('prot: 1', 'passwort: hunter2'));
    expect(out).toContain('- spec.config.passwort');
    expect(out).not.toContain('hunter2');
  });

  it('says that nothing becomes of what the schema refuses', async () => {
    expect(await runCli(['diff', '-'], bare.replace('8080', '"8080"'))).toMatchObject({
      code: 2,
      error: expect.stringContaining('the schema refuses this MCPServer'),
    });
    expect((await runCli(['diff', '-'], '')).code).toBe(2);
    expect((await runCli(['diff'])).code).toBe(2);
  });
});

it('changesBetween leads from the one to the other', () => {
  const server = anMCPServer();
  const stored = applyStoredDefaults(server);
  expect(changesBetween(stored, stored)).toEqual([]);
  expect(changesBetween({ a: [{ b: 1 }], c: 1 }, { a: [{ b: 1, d: { e: 2 } }] })).toEqual([
    { type: 'added', path: ['a', 0, 'd', 'e'], value: 2 },
    { type: 'removed', path: ['c'] },
  ]);
  expect(changesBetween({ a: [1] }, { a: [1, 2] })).toEqual([{ type: 'replaced', path: ['a'], value: [1, 2] }]);
  expect(changesBetween({ a: null }, { a: {} })).toEqual([{ type: 'replaced', path: ['a'], value: {} }]);
});
