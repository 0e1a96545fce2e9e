import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';

const folder = join(import.meta.dirname, 'samples');

const packageOf: Readonly<Record<string, string>> = {
  'kubernetes-mcp-server': 'kubernetes-mcp-server',
  'server-everything': '@modelcontextprotocol/server-everything',
};

it.each(readdirSync(folder))('%s names a server image that is built here', (file) => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> };
  const references = [...readFileSync(join(folder, file), 'utf8').matchAll(/ref: local\.test\/([^:]+):(\S+)/g)];
  expect(references).toHaveLength(1);
  for (const [, image = '', version] of references)
    expect(version).toBe(manifest.devDependencies[packageOf[image] ?? '']);
});

it.each([
  ['server.yaml', []],
  ['everything.yaml', []],
  ['denied.yaml', ['run-as-non-root']],
  // Its ConfigMap is what it is warned about, and only a cluster knows that.
  ['warned.yaml', []],
])('%s is told what it is there for, and nothing else', async (file, expected) => {
  const { out } = await runCli(['check', '--output', 'json', join(folder, file)]);
  const { findings } = JSON.parse(out) as { readonly findings: readonly { readonly ruleId: string }[] };
  expect(findings.map(({ ruleId }) => ruleId)).toEqual(expected);
});

it('the README has one of them applied in the namespace that it creates', () => {
  const readme = readFileSync('README.md', 'utf8');
  const [, created = ''] = /^kubectl create namespace (\S+)$/m.exec(readme) ?? [];
  const [, from = '', to = '', file = ''] = /^sed s\/(\S+)\/(\S+)\/ (\S+) \| kubectl apply -f -$/m.exec(readme) ?? [];
  expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2);
  expect(parse(readFileSync(file, 'utf8').replace(from, to))).toMatchObject({ metadata: { namespace: created } });
});
