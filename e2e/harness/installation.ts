import { usualValues } from '../../scripts/e2e/usual-installation.ts';
import { release } from '../../scripts/quickstart/install.ts';
import { helm, installChart } from './chart.ts';
import { get } from './kubectl.ts';
import { untilComplete } from './leader.ts';
import { listPods, withoutFarewells } from './replicas.ts';

/**
 * Every case finds the chart installed as scripts/e2e.ts did it, all replicas there and one of them leading: whatever
 * the case before it has changed, and also when it failed to change it back.
 */
export async function ensureAsUsual(): Promise<void> {
  await restoreChart();
  await withoutFarewells(untilComplete);
}

/** For the `afterAll` of who has installed it otherwise; whoever comes next waits for the pods. */
export async function restoreChart(): Promise<void> {
  if (!(await isAsUsual())) await installChart({ args: ['--take-ownership'] });
}

async function isAsUsual(): Promise<boolean> {
  const status = await helm('status', release.name, '--output', 'json');
  const values = await helm('get', 'values', release.name, '--output', 'json');
  if (status.code !== 0 || values.code !== 0) return false;
  // As helm prints it.
  const { info } = JSON.parse(status.stdout) as { readonly info?: { readonly status?: string } };
  const set = Object.keys((JSON.parse(values.stdout) ?? {}) as object);
  return info?.status === 'deployed' && set.toSorted().join() === usualValues.join();
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
