import { access, mkdir, readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { requireCommand } from '../cluster/command.ts';
import { ImageFailure } from './failure.ts';
import { packagedFile, sharedLibraries } from './host-files.ts';
import type { ImageFile } from './recipe.ts';

/** The one that Debian has: its library lies in one folder, without packages. */
const python = '/usr/bin/python3';

/** Of https://pypi.org/project/uv/. */
export const uvVersion = '0.13.9';

/** What no program of a test imports. */
const unused =
  /(^|\/)(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|config-[^/]*|__pycache__)(\/|$)/;

export async function pythonVersion(): Promise<string> {
  return (await ask('import platform; print(platform.python_version())')).trim();
}

/** The interpreter, its library and what both are linked with, where they are on this machine. */
export async function pythonFiles(): Promise<readonly ImageFile[]> {
  const version = `python@${await pythonVersion()}`;
  const folder = (await ask('import sysconfig; print(sysconfig.get_path("stdlib"))')).trim();
  const program = await realpath(python);
  const found = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !unused.test(relative(folder, file)));
  return [
    ...[python, '/usr/local/bin/python3', '/usr/local/bin/python'].map((to) => packagedFile(to, program, version)),
    ...found.map((file) => packagedFile(file, file, version)),
    ...(await sharedLibraries(program)),
  ];
}

/** Why this machine cannot build an image with Python and uv; undefined: it can. Nothing else here needs either. */
export async function whyNoUv(): Promise<string | undefined> {
  try {
    await Promise.all([pythonVersion(), uvFiles()]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Downloaded once. */
export async function uvFiles(): Promise<readonly ImageFile[]> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'mcp-lifecycle', `uv-${uvVersion}`);
  const scripts = join(folder, `uv-${uvVersion}.data/scripts`);
  const isThere = await access(join(scripts, 'uvx')).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await mkdir(folder, { recursive: true });
    const advice = 'check the network, and that python3 on the PATH has pip';
    const download = ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:'];
    await requireCommand([...download, '--dest', folder, `uv==${uvVersion}`], advice);
    const [wheel] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
    await requireCommand(['python3', '-m', 'zipfile', '-e', join(folder, wheel ?? ''), folder], `delete ${folder}`);
  }
  return ['uv', 'uvx'].map((name) => packagedFile(`/usr/local/bin/${name}`, join(scripts, name), `uv@${uvVersion}`));
}

async function ask(script: string): Promise<string> {
  try {
    return await requireCommand([python, '-c', script], 'install python3');
  } catch (error) {
    throw new ImageFailure(`${python} is needed for an image with Python: install python3.`, { cause: error });
  }
}
