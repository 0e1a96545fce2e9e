import { createHash } from 'node:crypto';

/** One file of an image. */
export interface ImageFile {
  /** Absolute path in the image. */
  readonly to: string;
  readonly mode: number;
  readonly content:
    | { readonly bytes: Uint8Array }
    /** A file of this machine; `fingerprint` stands for its bytes where reading a hundred megabytes is too slow. */
    | { readonly file: string; readonly fingerprint: string };
}

/** How one image is made. */
export interface ImageRecipe {
  readonly name: string;
  /** Version of what is inside, and the image's tag. */
  readonly version: string;
  /** Text of a Dockerfile whose build contexts `bundle` and `shim`, which are one, hold `files`. */
  readonly dockerfile: string;
  readonly base?: ImageRecipe;
  readonly files: readonly ImageFile[];
}

/** Not a host that exists: these images are loaded, never pulled. */
const prefix = 'local.test';

/** `local.test/mcp-lifecycle:0.1.0`: never `latest`, which Kubernetes would try to pull. */
export function imageReference(recipe: ImageRecipe): string {
  return `${prefix}/${recipe.name}:${recipe.version}`;
}

/** Twelve hex digits over everything that makes the image: equal digests mean equal images. */
export function contentDigest(recipe: ImageRecipe): string {
  const hash = createHash('sha256');
  hash.update(recipe.dockerfile);
  if (recipe.base !== undefined) hash.update(contentDigest(recipe.base));
  for (const file of recipe.files) {
    hash.update(`\0${file.to}\0${file.mode}\0`);
    hash.update('bytes' in file.content ? file.content.bytes : file.content.fingerprint);
  }
  return hash.digest('hex').slice(0, 12);
}

/** In buildah's own store, where versions of one image lie side by side. */
export function storeReference(recipe: ImageRecipe): string {
  return `${imageReference(recipe)}-${contentDigest(recipe)}`;
}
