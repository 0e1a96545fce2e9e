// Part of `npm test`: builds what cases in e2e/cases run of other projects, which takes minutes the first time.
import { ClusterFailure } from '../cluster/failure.ts';
import { ensureCertManager } from '../cluster/packages/cert-manager.ts';
import { ensureTraefik } from '../cluster/packages/traefik.ts';
import { createStderrReport } from '../cluster/progress.ts';
import { resolveSettings } from '../cluster/settings.ts';

try {
  const { cache } = resolveSettings({}, process.env);
  const report = createStderrReport();
  await ensureCertManager(cache, report);
  await ensureTraefik(cache, report);
} catch (error) {
  if (!(error instanceof ClusterFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
