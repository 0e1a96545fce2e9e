import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';
import { ensureGatewayKinds } from './gateway-kinds.ts';

/** The version in go/traefik/go.mod; a test compares them. */
export const traefikVersion = '3.6.12';

export interface Traefik {
  /** Reads KUBECONFIG. */
  readonly program: string;
  /** A directory with the CRDs of the Gateway API, of the release that it knows. */
  readonly crds: string;
}

/** The real Traefik, a controller of Gateways and what serves at them in one, built on first use and cached by version. */
export async function ensureTraefik(cache: string, report: Report): Promise<Traefik> {
  const directory = await cacheEntry(cache, `traefik-${traefikVersion}`, (unfinished) =>
    reportWhile(report, `building Traefik ${traefikVersion} (once, minutes)`, (tell) =>
      goBuild({ module: 'traefik', target: 'tool', output: path.join(unfinished, 'traefik') }, tell),
    ),
  );
  return { program: path.join(directory, 'traefik'), crds: await ensureGatewayKinds(cache) };
}
