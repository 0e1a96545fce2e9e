// npm run generate             writes every generated file that is not as it should be
// npm run generate -- --check  writes nothing, fails when one is stale
import { parseArgs } from 'node:util';
import { generators } from './generators.ts';
import { findStale, writeFiles } from './files.ts';
import { repositoryRoot } from './root.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const allStale: string[] = [];
for (const generator of generators) {
  const stale = await findStale(await generator.generate(), repositoryRoot);
  if (!values.check) await writeFiles(stale, repositoryRoot);
  allStale.push(...stale.map(({ path }) => path));
}

if (!values.check) {
  for (const path of allStale) console.log(`wrote ${path}`);
} else if (allStale.length > 0) {
  for (const path of allStale) console.error(`stale: ${path}`);
  console.error('Run `npm run generate` and commit what it writes.');
  process.exitCode = 1;
}
