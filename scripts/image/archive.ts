import { requireCommand } from '../cluster/command.ts';

/** What a registry and a node will call the image in an OCI archive. */
export interface ArchivedImage {
  /** `sha256:…` of its manifest: what `image.digest` of the chart and `name@sha256:…` mean. */
  readonly digest: string;
  /** `linux/amd64` */
  readonly platform: string;
}

interface Descriptor {
  readonly digest: string;
}

/** Reads an archive with one image of one platform, as buildah writes it. */
export async function readArchive(archive: string): Promise<ArchivedImage> {
  const index = (await readEntry(archive, 'index.json')) as { readonly manifests: readonly Descriptor[] };
  const [manifest] = index.manifests;
  if (manifest === undefined) throw new Error(`${archive} holds no image`);
  const { config } = (await readEntry(archive, blobOf(manifest))) as { readonly config: Descriptor };
  const { os, architecture } = (await readEntry(archive, blobOf(config))) as Readonly<
    Record<'os' | 'architecture', string>
  >;
  return { digest: manifest.digest, platform: `${os}/${architecture}` };
}

/** https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
function blobOf({ digest }: Descriptor): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function readEntry(archive: string, path: string): Promise<unknown> {
  const command = ['tar', '--extract', '--to-stdout', '--file', archive, path];
  return JSON.parse(await requireCommand(command, `delete ${archive} and build it again`));
}
