import { createHash } from 'node:crypto';
import { oneLine } from '../../core/engine/text.ts';
import type { ImageReference } from '../../core/mcpserver/image-reference.ts';
import { listAt, recordAt, stringAt } from '../kube/object.ts';
import { findCredentials } from './docker-credentials.ts';
import { createRegistryClient, isThisMachine, parseJson, type RegistryClient } from './registry-client.ts';
import { RegistryFailure } from './registry-failure.ts';

/** What an image says of how it is started. https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  /** `linux/amd64`, with the variant if it has one. */
  readonly platform: string;
  /** Of the manifest of that platform. */
  readonly digest: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Empty where it does not say. */
  readonly workingDir: string;
  /** A name, a number, either with a group; empty for root. */
  readonly user: string;
  /** `8080/tcp`. */
  readonly exposedPorts: readonly string[];
}

export type ReadImageConfig =
  | { readonly type: 'read'; readonly config: ImageConfig }
  /** A clause for people. */
  | { readonly type: 'failed'; readonly why: string };

export interface ReadImageConfigOptions {
  readonly reference: ImageReference;
  /** `linux/arm64`. */
  readonly platform: string;
  /** Whether a registry on this machine is asked over plain HTTP. */
  readonly allowsInsecure: boolean;
  /** Of the user: where his credentials are. */
  readonly env: NodeJS.ProcessEnv;
}

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  list: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

const timeoutMs = 20_000;
/** Registries take manifests of up to 4 MiB; the largest configuration of an image is some hundred KiB. */
const maxBytes = 4 * 1024 * 1024;
const jsonLimits = { maxTokens: 200_000, maxDepth: 32 } as const;
/** Of lists of words. */
const maxWords = 64;
const maxWordLength = 4096;

/** Reads it from the registry, with the user's own credentials if it wants any. Never throws for what the world does. */
export async function readImageConfig(options: ReadImageConfigOptions): Promise<ReadImageConfig> {
  try {
    return { type: 'read', config: await read(options) };
  } catch (error) {
    if (error instanceof RegistryFailure) return { type: 'failed', why: error.message };
    throw error;
  }
}

async function read(options: ReadImageConfigOptions): Promise<ImageConfig> {
  const { reference, platform } = options;
  const client = clientFor(options);
  const named = await getManifest(client, reference.digest ?? reference.tag ?? 'latest');
  const { manifest, digest } = isIndex(named) ? await manifestOf(client, named.manifest, platform) : named;
  const configDigest = stringAt(recordAt(manifest, 'config'), 'digest') ?? '';
  const bytes = await getVerified(client, 'blobs', configDigest);
  const image = parseJson(bytes, jsonLimits, 'the configuration of the image');
  const found = platformOf(image);
  if (found !== '' && !isPlatform(found, platform)) {
    throw new RegistryFailure(
      `the image is for ${oneLine(found, 60)}, not for ${platform}: --platform ${oneLine(found, 60)}`,
    );
  }
  return toConfig(recordAt(image, 'config'), { platform: found === '' ? platform : found, digest });
}

/** Where an image without a registry comes from, and where the API of that is. */
const dockerHub = { names: ['docker.io', 'index.docker.io'], api: 'registry-1.docker.io' } as const;

/** Host and port as the reference says them, or where an image without them comes from. */
export function registryOf({ registry = 'docker.io' }: Pick<ImageReference, 'registry'>): string {
  return registry.toLowerCase();
}

function clientFor({ reference, allowsInsecure, env }: ReadImageConfigOptions): RegistryClient {
  const registry = registryOf(reference);
  const isHub = dockerHub.names.some((name) => name === registry);
  const isInsecure = allowsInsecure && isThisMachine(registry.replace(/:\d+$/, ''));
  const repository =
    isHub && !reference.repository.includes('/') ? `library/${reference.repository}` : reference.repository;
  let asked: ReturnType<typeof findCredentials> | undefined;
  return createRegistryClient({
    ...{ host: isHub ? dockerHub.api : registry, repository, isInsecure, timeoutMs },
    credentials: () => (asked ??= findCredentials(isHub ? 'docker.io' : registry, env)),
  });
}

interface Manifest {
  readonly manifest: unknown;
  readonly digest: string;
  readonly type: string;
}

async function getManifest(client: RegistryClient, name: string): Promise<Manifest> {
  if (name.includes(':')) judgeDigest(name, 'an entry of the image has no digest that is known');
  const { bytes, type } = await client.get(`manifests/${name}`, { accept: Object.values(types), maxBytes });
  if (name.includes(':')) verify(bytes, name);
  const manifest = parseJson(bytes, jsonLimits, 'the manifest of the image');
  return { manifest, digest: name.includes(':') ? name : sha256(bytes), type: stringAt(manifest, 'mediaType') ?? type };
}

function isIndex({ manifest, type }: Manifest): boolean {
  return type === types.index || type === types.list || listAt(manifest, 'manifests').length > 0;
}

async function manifestOf(client: RegistryClient, index: unknown, platform: string): Promise<Manifest> {
  const listed = listAt(index, 'manifests').map((entry) => ({
    platform: platformOf(recordAt(entry, 'platform')),
    digest: stringAt(entry, 'digest') ?? '',
  }));
  const wanted =
    listed.find((entry) => entry.platform === platform) ?? listed.find((entry) => isPlatform(entry.platform, platform));
  if (wanted === undefined) {
    const known = listed.map((entry) => entry.platform).filter((one) => one !== '' && !one.startsWith('unknown'));
    const others = known.length === 0 ? '' : `, but for ${oneLine(known.slice(0, 10).join(', '), 200)} (--platform)`;
    throw new RegistryFailure(`there is no image for ${platform}${others}`);
  }
  return getManifest(client, wanted.digest);
}

/** `linux/arm64/v8` is what `linux/arm64` asks for. */
function isPlatform(found: string, wanted: string): boolean {
  return found === wanted || found.startsWith(`${wanted}/`);
}

/** Of an entry of an index, or of a configuration; empty where it does not say. */
function platformOf(value: unknown): string {
  const [os = '', architecture = '', variant = ''] = ['os', 'architecture', 'variant'].map((field) =>
    stringAt(value, field),
  );
  if (os === '' || architecture === '') return '';
  return [os, architecture, variant].filter((part) => part !== '').join('/');
}

async function getVerified(client: RegistryClient, what: string, digest: string): Promise<Uint8Array> {
  judgeDigest(digest, 'the manifest of the image names no configuration');
  const { bytes } = await client.get(`${what}/${digest}`, { accept: ['*/*'], maxBytes });
  verify(bytes, digest);
  return bytes;
}

/** Others prove nothing, or are none. */
function judgeDigest(digest: string, otherwise: string): void {
  if (!/^sha(256|384|512):[0-9a-f]+$/.test(digest)) throw new RegistryFailure(otherwise);
}

/** What a digest names is that, or somebody has changed it on the way. */
function verify(bytes: Uint8Array, digest: string): void {
  const [algorithm = '', wanted] = digest.split(':');
  if (createHash(algorithm).update(bytes).digest('hex') !== wanted) {
    throw new RegistryFailure(`what the registry sends is not what its digest ${oneLine(digest, 80)} names`);
  }
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function toConfig(config: unknown, of: Pick<ImageConfig, 'platform' | 'digest'>): ImageConfig {
  return {
    ...of,
    entrypoint: wordsAt(config, 'Entrypoint'),
    cmd: wordsAt(config, 'Cmd'),
    workingDir: (stringAt(config, 'WorkingDir') ?? '').slice(0, maxWordLength),
    user: (stringAt(config, 'User') ?? '').slice(0, 256),
    exposedPorts: Object.keys(recordAt(config, 'ExposedPorts') ?? {}).slice(0, 10),
  };
}

function wordsAt(config: unknown, field: string): readonly string[] {
  const words = listAt(config, field).filter((word): word is string => typeof word === 'string');
  if (words.length > maxWords || words.some((word) => word.length > maxWordLength)) {
    throw new RegistryFailure(`the ${field} of the image has more in it than spec.extensions.stdio.command takes`);
  }
  return words;
}
