import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';
import { moduleFolder } from './go-modules.ts';

/** The version in go/cert-manager/go.mod; a test compares them. */
export const certManagerVersion = '1.21.2';

/** Only in the name of its cache entry: raise it when go/cert-manager/main.go changes. */
const programVersion = '1';

export interface CertManager {
  /** Reads KUBECONFIG and runs until it is told to end. */
  readonly program: string;
  /** A directory with its CRDs. */
  readonly crds: string;
}

/** The real cert-manager's controllers and its CRDs, built on first use and cached by version. */
export async function ensureCertManager(cache: string, report: Report): Promise<CertManager> {
  const directory = await cacheEntry(cache, `cert-manager-${certManagerVersion}-${programVersion}`, (unfinished) =>
    reportWhile(report, `building cert-manager ${certManagerVersion} (once, minutes)`, async (tell) => {
      await goBuild({ module: 'cert-manager', target: '.', output: path.join(unfinished, 'cert-manager') }, tell);
      const folder = await moduleFolder('cert-manager', 'github.com/cert-manager/cert-manager');
      await cp(path.join(folder, 'deploy', 'crds'), path.join(unfinished, 'crds'), { recursive: true });
    }),
  );
  return { program: path.join(directory, 'cert-manager'), crds: path.join(directory, 'crds') };
}
