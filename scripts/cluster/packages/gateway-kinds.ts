import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';

/** Of the Gateway API: that in go/traefik/go.mod; a test compares them. */
export const gatewayApiVersion = '1.4.0';

/** A directory with the CRDs of the Gateway API, those of its standard channel, out of its Go module. */
export async function ensureGatewayKinds(cache: string): Promise<string> {
  const directory = await cacheEntry(cache, `gateway-api-crds-${gatewayApiVersion}`, async (unfinished) => {
    const module = `sigs.k8s.io/gateway-api@v${gatewayApiVersion}`;
    const advice = 'it fetches the module from the Go module proxy, which has to be reached';
    const text = await requireCommand(['go', 'mod', 'download', '-json', module], advice);
    const { Dir: folder } = JSON.parse(text) as { readonly Dir: string };
    await cp(path.join(folder, 'config', 'crd', 'standard'), path.join(unfinished, 'crds'), { recursive: true });
  });
  return path.join(directory, 'crds');
}
