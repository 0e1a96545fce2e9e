import { readdir, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { requireCommand } from '../cluster/command.ts';
import { ImageFailure } from './failure.ts';
import { hostProgram, packagedFile, sharedLibraries } from './host-files.ts';
import type { ImageFile } from './recipe.ts';
import { ensureUv, uvVersion } from './uv.ts';

/** The one that Debian has: its library lies in one folder, without packages. */
const python = '/usr/bin/python3';

/** What uv writes as the program of a package is a script for the shell, which looks for Python beside itself. */
const neededByScripts = ['/bin/sh', '/usr/bin/dirname', '/usr/bin/realpath'];

/** What no program of a test imports. */
const unused =
  /(^|\/)(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|config-[^/]*|__pycache__)(\/|$)/;

export async function pythonVersion(): Promise<string> {
  return (await ask('import platform; print(platform.python_version())')).trim();
}

/** Python and uv, with all that uvx needs to run a package. */
export async function pythonUvFiles(): Promise<readonly ImageFile[]> {
  return [...(await pythonFiles()), ...(await uvFiles()), ...(await Promise.all(neededByScripts.map(hostProgram)))];
}

/** Why this machine cannot build an image with Python and uv; undefined: it can. Nothing else here needs either. */
export async function whyNoUv(): Promise<string | undefined> {
  try {
    await pythonUvFiles();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The interpreter, its library and what both are linked with, where they are on this machine. */
async function pythonFiles(): Promise<readonly ImageFile[]> {
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

/** With the libraries that uv is linked with, of which Python does not need all. */
async function uvFiles(): Promise<readonly ImageFile[]> {
  const folder = await ensureUv();
  return [
    ...['uv', 'uvx'].map((name) => packagedFile(`/usr/local/bin/${name}`, join(folder, name), `uv@${uvVersion}`)),
    ...(await sharedLibraries(join(folder, 'uv'))),
  ];
}

async function ask(script: string): Promise<string> {
  try {
    return await requireCommand([python, '-c', script], 'install python3');
  } catch (error) {
    throw new ImageFailure(`${python} is needed for an image with Python: install python3.`, { cause: error });
  }
}
