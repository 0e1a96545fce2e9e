import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';

/** The version in go/keda/go.mod; a test compares them. */
export const kedaVersion = '2.21.0';

export interface KedaPrograms {
  /** Makes autoscalers of ScaledObjects, asks for their metrics, and scales from and to zero. */
  readonly operator: string;
  /** Serves external.metrics.k8s.io with what the operator knows. */
  readonly adapter: string;
  /** A directory with all CRDs of KEDA, without one of which its operator does not start. */
  readonly crds: string;
}

/** The real KEDA, built on first use and cached by version. */
export async function ensureKeda(cache: string, report: Report): Promise<KedaPrograms> {
  const directory = await cacheEntry(cache, `keda-${kedaVersion}`, (unfinished) =>
    reportWhile(report, `building KEDA ${kedaVersion} (once, about ten minutes)`, async (tell) => {
      await goBuild({ module: 'keda', target: 'tool', output: `${unfinished}/` }, tell);
      const folder = await requireCommand(
        ['go', 'list', '-m', '-f', '{{.Dir}}', 'github.com/kedacore/keda/v2'],
        'run `go mod download` in scripts/cluster/go/keda',
        { cwd: path.join(import.meta.dirname, '..', 'go', 'keda') },
      );
      await cp(path.join(folder.trim(), 'config', 'crd', 'bases'), path.join(unfinished, 'crds'), { recursive: true });
    }),
  );
  const inside = (name: string): string => path.join(directory, name);
  return { operator: inside('operator'), adapter: inside('adapter'), crds: inside('crds') };
}
