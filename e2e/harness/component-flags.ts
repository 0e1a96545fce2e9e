import { readFile, rename, writeFile } from 'node:fs/promises';
import { clusterStatus } from '../../scripts/cluster/cluster.ts';
import { buildLayout } from '../../scripts/cluster/packages/layout.ts';
import type { Plan, Step } from '../../scripts/cluster/packages/plan.ts';
import { localCluster, pidOf, untilApiAnswers } from './components.ts';
import { eventually } from './eventually.ts';

/** Further flags, by component of the cluster (`kube-apiserver`). */
export type Flags = Readonly<Record<string, readonly string[]>>;

/** Starts components of the cluster anew, with further flags; what starts them as they were. */
export async function startAnewWith(flags: Flags): Promise<() => Promise<void>> {
  const { plan: file } = buildLayout((await localCluster()).settings.directory);
  const before = await readFile(file, 'utf8');
  const plan = JSON.parse(before) as Plan;
  const more = (step: Step): Step =>
    step.kind === 'service' ? { ...step, command: [...step.command, ...(flags[step.name] ?? [])] } : step;
  const startAnew = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    await endAndAwait(Object.keys(flags));
  };
  await startAnew(JSON.stringify({ ...plan, steps: plan.steps.map(more) }));
  return () => startAnew(before);
}

async function endAndAwait(components: readonly string[]): Promise<void> {
  const pids = await Promise.all(components.map(pidOf));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually('they run again, and every component of the cluster works', async () => {
    const { isUp, parts } = await clusterStatus(await localCluster());
    return isUp && parts.every(({ isHealthy, pid }) => isHealthy && (pid === undefined || !pids.includes(pid)));
  });
  await untilApiAnswers();
}
