import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';

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
    reportWhile(report, `building Traefik ${traefikVersion} (once, minutes)`, async () => {
      await goBuild('traefik', path.join(unfinished, 'traefik'), 'tool');
      const folder = await requireCommand(
        ['go', 'list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api'],
        'run `go mod download` in scripts/cluster/go/traefik',
        { cwd: path.join(import.meta.dirname, '..', 'go', 'traefik') },
      );
      const crds = path.join(folder.trim(), 'config', 'crd', 'standard');
      await cp(crds, path.join(unfinished, 'crds'), { recursive: true });
    }),
  );
  return { program: path.join(directory, 'traefik'), crds: path.join(directory, 'crds') };
}
