import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireCommand } from '../command.ts';
import { pauseImage } from './config-files.ts';

/** Packs `directory`/pause, a static binary, into the image archive `directory`/pause.tar. */
export async function writePauseArchive(directory: string): Promise<void> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'pause-image-'));
  // A store of its own, so that nothing stays in the machine's.
  const buildah = [
    'buildah',
    '--root',
    path.join(scratch, 'store'),
    '--runroot',
    path.join(scratch, 'run'),
    '--storage-driver',
    'vfs',
  ];
  const advice = 'check that buildah works on this machine';
  try {
    await writeFile(path.join(directory, 'Dockerfile'), 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
    await requireCommand([...buildah, 'bud', '--isolation', 'chroot', '--tag', pauseImage, directory], advice);
    const archive = `oci-archive:${path.join(directory, 'pause.tar')}:${pauseImage}`;
    await requireCommand([...buildah, 'push', pauseImage, archive], advice);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
