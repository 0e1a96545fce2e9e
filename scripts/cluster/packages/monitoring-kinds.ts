import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';

/** Of the Prometheus operator: that in go/prometheus-operator/go.mod; a test compares them. */
export const operatorVersion = '0.85.0';

/** A directory with the CRDs of the real Prometheus operator (PodMonitor, ServiceMonitor and others), out of its Go module. */
export async function ensureMonitoringKinds(cache: string): Promise<string> {
  const directory = await cacheEntry(cache, `prometheus-operator-crds-${operatorVersion}`, async (unfinished) => {
    const module = `github.com/prometheus-operator/prometheus-operator@v${operatorVersion}`;
    const advice = 'it fetches the module from the Go module proxy, which has to be reached';
    const text = await requireCommand(['go', 'mod', 'download', '-json', module], advice);
    const { Dir: folder } = JSON.parse(text) as { readonly Dir: string };
    await cp(path.join(folder, 'example', 'prometheus-operator-crd'), path.join(unfinished, 'crds'), {
      recursive: true,
    });
  });
  return path.join(directory, 'crds');
}
