import type { BuiltImage } from './build.ts';

/** For people: the one command that puts an archive into a registry. The registry and the folder in it are examples. */
export function describePush({ name, reference, archive }: Pick<BuiltImage, 'name' | 'reference' | 'archive'>): string {
  const tag = reference.slice(reference.lastIndexOf(':') + 1);
  const target = `docker://registry.example.com/platform/${name}:${tag}`;
  const docker =
    name === 'mcp-lifecycle' ? 'With Docker, `docker build .` makes the same image from a registry (untested).\n' : '';
  return `Push it with\n  skopeo copy oci-archive:${archive} ${target}\n${docker}`;
}
