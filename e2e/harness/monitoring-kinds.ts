import { ensureMonitoringKinds } from '../../scripts/cluster/packages/monitoring-kinds.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { installKinds } from './kinds.ts';
import { kubectlOk } from './kubectl.ts';

const { cache } = resolveSettings({}, process.env);

/** The kinds of the Prometheus operator as it has them: PodMonitor, ServiceMonitor, Prometheus and others. */
export async function installMonitoringKinds(): Promise<void> {
  const crds = await ensureMonitoringKinds(cache);
  await installKinds(crds);
}

/** And everything that is of them. */
export async function removeMonitoringKinds(): Promise<void> {
  await kubectlOk(['delete', '--ignore-not-found', '--filename', await ensureMonitoringKinds(cache)]);
}
