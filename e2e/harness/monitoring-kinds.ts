import { ensureMonitoringKinds } from '../../scripts/cluster/packages/monitoring-kinds.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { kubectlOk } from './kubectl.ts';

const { cache } = resolveSettings({}, process.env);

/** The kinds of the Prometheus operator as it has them: PodMonitor, ServiceMonitor, Prometheus and others. */
export async function installMonitoringKinds(): Promise<void> {
  const crds = await ensureMonitoringKinds(cache);
  await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', crds]);
  await kubectlOk(['wait', '--for=condition=Established', '--timeout=300s', '--filename', crds]);
}

/** And everything that is of them. */
export async function removeMonitoringKinds(): Promise<void> {
  await kubectlOk(['delete', '--ignore-not-found', '--filename', await ensureMonitoringKinds(cache)]);
}
