import type { Fields } from '../../mcpserver/record.ts';
import { isLaunched, isStdio } from '../../mcpserver/stdio.ts';
import type { EnvVar, MCPServer } from '../../mcpserver/types.gen.ts';

/** Home of a program that downloads packages: its user has none in most images, and caches are below it. */
const home = '/home/mcp';

/** What such a program writes to, in a container whose root file system is read-only. Limits: the pod is evicted beyond. */
const scratch = [
  { name: 'mcp-lifecycle-home', mountPath: home, sizeLimit: '1Gi' },
  { name: 'mcp-lifecycle-tmp', mountPath: '/tmp', sizeLimit: '256Mi' },
] as const;

/** The author's own variable of this name wins. */
export function packageVariables(server: MCPServer): readonly EnvVar[] {
  return needsScratch(server) ? [{ name: 'HOME', value: home }] : [];
}

export function packageMounts(server: MCPServer): readonly Fields[] {
  return scratchOf(server).map(({ name, mountPath }) => ({ name, mountPath }));
}

export function packageVolumes(server: MCPServer): readonly Fields[] {
  return scratchOf(server).map(({ name, sizeLimit }) => ({ name, emptyDir: { sizeLimit } }));
}

/** Not where the author mounts something, nor a home that is not the one of the program. */
function scratchOf(server: MCPServer): readonly (typeof scratch)[number][] {
  if (!needsScratch(server)) return [];
  const { config, extensions } = server.spec;
  const taken = new Set([...(config.storage ?? []), ...(extensions?.storage ?? [])].map(({ path }) => cleaned(path)));
  if (config.env?.some(({ name }) => name === 'HOME') === true) taken.add(home);
  return scratch.filter(({ mountPath }) => !taken.has(mountPath));
}

function needsScratch(server: MCPServer): boolean {
  return isStdio(server) && isLaunched(server);
}

function cleaned(path: string): string {
  return path.replace(/\/+$/, '');
}
