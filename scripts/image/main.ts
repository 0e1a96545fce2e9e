// `npm run image`: builds the product's image (with --all also those for quickstart and tests) without a registry.
// Prints one line per image on stdout: reference, a tab, the OCI archive. How to push it goes to stderr, for people.
import { ClusterFailure } from '../cluster/failure.ts';
import { createStderrReport } from '../cluster/progress.ts';
import { ensureImages } from './build.ts';
import { recipes, type ImageName } from './catalogue.ts';
import { ImageFailure } from './failure.ts';
import { describePush } from './push.ts';

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
    process.stdout.write(`${image.reference}\t${image.archive}\n`);
    process.stderr.write(describePush(image));
  }
} catch (error) {
  if (!(error instanceof ImageFailure) && !(error instanceof ClusterFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
