// npm run generate             writes every generated file that is not as it should be, deletes those whose source is gone
// npm run generate -- --check  changes nothing, fails when there is one of either
import { parseArgs } from 'node:util';
import { generators } from './generators.ts';
import { deleteFiles, findOrphans, findStale, writeFiles } from './files.ts';
import { repositoryRoot } from './root.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const wrong: { readonly path: string; readonly is: string; readonly done: string }[] = [];
for (const generator of generators) {
  const files = await generator.generate();
  const stale = await findStale(files, repositoryRoot);
  const orphans = generator.folder === undefined ? [] : await findOrphans(files, generator.folder, repositoryRoot);
  if (!values.check) {
    await writeFiles(stale, repositoryRoot);
    await deleteFiles(orphans, repositoryRoot);
  }
  wrong.push(...stale.map(({ path }) => ({ path, is: 'stale', done: 'wrote' })));
  wrong.push(...orphans.map((path) => ({ path, is: 'its source is gone', done: 'deleted' })));
}

if (!values.check) {
  for (const { path, done } of wrong) console.log(`${done} ${path}`);
} else if (wrong.length > 0) {
  for (const { path, is } of wrong) console.error(`${is}: ${path}`);
  console.error('Run `npm run generate` and commit what it changes.');
  process.exitCode = 1;
}
