import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../cluster/progress.ts';
import { createBuildah, type Buildah } from './buildah.ts';
import { recipes, type ImageName } from './catalogue.ts';
import { contentDigest, imageReference, storeReference, type ImageFile, type ImageRecipe } from './recipe.ts';

/** An image on disk, ready to be loaded into a cluster. */
export interface BuiltImage {
  readonly name: ImageName;
  /** `local.test/mcp-lifecycle:0.1.0` */
  readonly reference: string;
  /** Changes whenever the content does, which the reference does not. */
  readonly digest: string;
  /** OCI archive. */
  readonly archive: string;
}

const directory = fileURLToPath(new URL('../../dist/images/', import.meta.url));

/** Builds what is missing; an image whose content did not change is not built again. */
export async function ensureImages(names: readonly ImageName[], report: Report): Promise<readonly BuiltImage[]> {
  const built: BuiltImage[] = [];
  for (const name of names) built.push(await ensureImage(name, report));
  return built;
}

async function ensureImage(name: ImageName, report: Report): Promise<BuiltImage> {
  const recipe = await recipes[name]();
  const reference = imageReference(recipe);
  const digest = contentDigest(recipe);
  const archive = join(directory, `${name}-${recipe.version}-${digest}.tar`);
  const image = { name, reference, digest, archive };
  if (existsSync(archive)) {
    report(`image ${reference} is built already`);
    return image;
  }
  report(`building image ${reference}`);
  const buildah = await createBuildah(report);
  await removeOlder(name);
  if (recipe.base !== undefined) await ensureInStore(buildah, recipe.base);
  await buildInto(buildah, recipe);
  await buildah.save({ from: storeReference(recipe), as: reference, archive: `${archive}.unfinished` });
  await buildah.remove(storeReference(recipe));
  await rename(`${archive}.unfinished`, archive);
  return image;
}

/** The base stays in buildah's store: every image on it needs it again. */
async function ensureInStore(buildah: Buildah, recipe: ImageRecipe): Promise<void> {
  if (!(await buildah.hasImage(storeReference(recipe)))) await buildInto(buildah, recipe);
}

async function buildInto(buildah: Buildah, recipe: ImageRecipe): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-image-'));
  try {
    const context = join(folder, 'context');
    await mkdir(context);
    for (const file of recipe.files) await writeInto(context, file);
    const dockerfile = join(folder, 'Dockerfile');
    await writeFile(dockerfile, recipe.dockerfile);
    await buildah.build({
      reference: storeReference(recipe),
      dockerfile,
      context,
      ...(recipe.base === undefined ? {} : { base: storeReference(recipe.base) }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeInto(context: string, { to, mode, content }: ImageFile): Promise<void> {
  const path = join(context, to);
  await mkdir(dirname(path), { recursive: true });
  if ('bytes' in content) await writeFile(path, content.bytes);
  else await copyFile(content.file, path, constants.COPYFILE_FICLONE);
  await chmod(path, mode);
}

/** Archives of earlier contents of the same image, and what an interrupted run left. */
async function removeOlder(name: ImageName): Promise<void> {
  await mkdir(directory, { recursive: true });
  const mine = new RegExp(`^${name}-\\d.*\\.(tar(\\.unfinished)?|cdx\\.json|licences\\.txt)$`);
  const older = (await readdir(directory)).filter((entry) => mine.test(entry));
  await Promise.all(older.map((entry) => rm(join(directory, entry), { force: true })));
}
