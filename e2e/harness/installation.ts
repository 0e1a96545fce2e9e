import { isAsUsual } from '../../scripts/e2e/usual-installation.ts';
import { release } from '../../scripts/quickstart/install.ts';
import { installChart } from './chart.ts';
import { localCluster } from './components.ts';
import { get } from './kubectl.ts';
import { untilComplete } from './leader.ts';
import { listPods, withoutFarewells } from './replicas.ts';

/**
 * Every case finds the chart installed as scripts/e2e.ts did it, all replicas there and one of them leading: whatever
 * the case before it has changed, and also when it failed to change it back. One that says `@installs` does not ask for it.
 */
export async function ensureAsUsual(): Promise<void> {
  await restoreChart();
  await withoutFarewells(untilComplete);
}

/** For who has installed it otherwise, and has to clean up after that; whoever comes next waits for the pods. */
export async function restoreChart(): Promise<void> {
  const { environment } = await localCluster();
  if (!(await isAsUsual(environment))) await installChart({ args: ['--take-ownership'] });
}

/** The pods of ours and the specs of what judges with them: equal texts when nobody has changed the installation. */
export async function describeInstallation(): Promise<string> {
  const pods = (await listPods()).map(({ metadata }) => metadata.name).sort();
  const generations = await Promise.all(
    (['deployments', 'mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const).map(
      async (kind) => `${kind} ${(await get(release.namespace, kind, release.name))?.metadata.generation ?? 'none'}`,
    ),
  );
  return [...pods, ...generations].join(', ');
}
