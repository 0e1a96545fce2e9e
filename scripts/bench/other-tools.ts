import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheEntry } from '../cluster/cache.ts';
import { requireCommand } from '../cluster/command.ts';
import { resolveSettings } from '../cluster/settings.ts';

/** Tools that pipelines run beside ours, with the version in go/NAME/go.mod; that is in the name of the cache entry only. */
export const otherTools = { kubeconform: '0.8.0', 'kube-score': '1.20.0' } as const;

/** The path of its program. Built on first use; the result stays in the cache. */
export async function ensureTool(name: keyof typeof otherTools): Promise<string> {
  const { cache } = resolveSettings({}, process.env);
  const directory = await cacheEntry(cache, `${name}-${otherTools[name]}`, async (unfinished) => {
    await requireCommand(['go', 'build', '-trimpath', '-o', join(unfinished, name), 'tool'], 'install Go', {
      cwd: fileURLToPath(new URL(`./go/${name}`, import.meta.url)),
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  });
  return join(directory, name);
}
