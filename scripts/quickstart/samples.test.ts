import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

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
