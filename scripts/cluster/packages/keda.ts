import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';

/** Of KEDA, of which nothing is built. */
const kedaVersion = '2.21.0';

/** The file of KEDA's ScaledObject, out of its Go module. */
export async function ensureScaledObjectKind(cache: string): Promise<string> {
  const directory = await cacheEntry(cache, `keda-crds-${kedaVersion}`, async (unfinished) => {
    const module = `github.com/kedacore/keda/v2@v${kedaVersion}`;
    const advice = 'it fetches the module from the Go module proxy, which has to be reached';
    const text = await requireCommand(['go', 'mod', 'download', '-json', module], advice);
    const { Dir: folder } = JSON.parse(text) as { readonly Dir: string };
    await cp(path.join(folder, 'config', 'crd', 'bases'), path.join(unfinished, 'crds'), { recursive: true });
  });
  return path.join(directory, 'crds', 'keda.sh_scaledobjects.yaml');
}
