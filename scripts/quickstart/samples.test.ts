import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const folder = join(import.meta.dirname, 'samples');

it.each(readdirSync(folder))('%s names the server image that is built here', (file) => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> };
  const references = [...readFileSync(join(folder, file), 'utf8').matchAll(/ref: (\S+)/g)].map((match) => match[1]);
  const version = manifest.devDependencies['kubernetes-mcp-server'] ?? '';
  expect(references).toEqual([`local.test/kubernetes-mcp-server:${version}`]);
});
