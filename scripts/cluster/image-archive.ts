import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './command.ts';
import { ClusterFailure } from './failure.ts';

/** Calls `use` with an archive of the image: the file itself if `image` is one, else written from buildah's local store. */
export async function withImageArchive(image: string, use: (archive: string) => Promise<void>): Promise<void> {
  if (existsSync(image)) return use(path.resolve(image));
  const directory = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-image-'));
  try {
    const archive = path.join(directory, 'image.tar');
    await pushToArchive(image, archive);
    await use(archive);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The store's default driver first; vfs is what one uses where overlay does not work. */
async function pushToArchive(image: string, archive: string): Promise<void> {
  for (const driver of [[], ['--storage-driver', 'vfs']]) {
    const { code } = await runCommand(['buildah', ...driver, 'push', image, `oci-archive:${archive}:${image}`]);
    if (code === 0) return;
    await rm(archive, { force: true });
  }
  throw new ClusterFailure(
    `${image} is neither a file nor an image in buildah's local store: build it first (\`buildah images\` lists what is there), or give an OCI archive.`,
  );
}
