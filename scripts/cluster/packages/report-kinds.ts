import { cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { requireCommand } from '../command.ts';

/** Files with the CustomResourceDefinitions of reports of policy engines. */
export interface ReportKinds {
  /** Report, of OpenReports. */
  readonly openReports: string;
  /** PolicyReport of wgpolicyk8s.io/v1alpha2, as Kyverno brings it along: its own project has no Go module. */
  readonly policyReports: string;
}

const sources = {
  openReports: {
    module: 'github.com/openreports/reports-api@v0.2.1',
    file: 'config/crd/openreports.io_reports.yaml',
  },
  policyReports: {
    module: 'github.com/kyverno/kyverno@v1.19.1',
    file: 'config/crds/policyreport/wgpolicyk8s.io_policyreports.yaml',
  },
} as const satisfies Readonly<Record<keyof ReportKinds, { readonly module: string; readonly file: string }>>;

/** Out of the Go modules of their projects, cached by version. */
export async function ensureReportKinds(cache: string): Promise<ReportKinds> {
  return {
    openReports: await ensureFile(cache, sources.openReports),
    policyReports: await ensureFile(cache, sources.policyReports),
  };
}

async function ensureFile(
  cache: string,
  { module, file }: { readonly module: string; readonly file: string },
): Promise<string> {
  const name = path.basename(file);
  const directory = await cacheEntry(cache, `${name}-${module.replaceAll(/[/@]/g, '-')}`, async (unfinished) => {
    const advice = 'it fetches the module from the Go module proxy, which has to be reached';
    const text = await requireCommand(['go', 'mod', 'download', '-json', module], advice);
    const { Dir: folder } = JSON.parse(text) as { readonly Dir: string };
    await cp(path.join(folder, file), path.join(unfinished, name));
  });
  return path.join(directory, name);
}
