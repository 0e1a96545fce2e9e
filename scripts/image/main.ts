// `npm run image`: builds the product's image (with --all also those for quickstart and tests) without a registry.
// Prints for each image what it is called and the commands that go on from there; progress goes to stderr.
import { ClusterFailure } from '../cluster/failure.ts';
import { createStderrReport } from '../cluster/progress.ts';
import { readArchive } from './archive.ts';
import { ensureImages } from './build.ts';
import { recipes, type ImageName } from './catalogue.ts';
import { ImageFailure } from './failure.ts';
import { describeImage } from './describe-image.ts';
import { writePapers } from './papers.ts';

const usage = `usage: npm run image [-- NAME… | --all]

  NAME    ${Object.keys(recipes).join(', ')} (default mcp-lifecycle)
  --all   every image
`;

function isImageName(name: string): name is ImageName {
  return Object.hasOwn(recipes, name);
}

function parseNames(args: readonly string[]): readonly ImageName[] {
  if (args.length === 0) return ['mcp-lifecycle'];
  const names = args.includes('--all') ? Object.keys(recipes) : args;
  const known = names.filter(isImageName);
  if (known.length < names.length) throw new ImageFailure(usage);
  return known;
}

try {
  const images = await ensureImages(parseNames(process.argv.slice(2)), createStderrReport());
  for (const image of images) {
    const archived = await readArchive(image.archive);
    const papers = image.name === 'mcp-lifecycle' ? await writePapers(image, archived.digest) : {};
    process.stdout.write(describeImage({ ...image, ...archived, ...papers }));
  }
} catch (error) {
  if (!(error instanceof ImageFailure) && !(error instanceof ClusterFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
