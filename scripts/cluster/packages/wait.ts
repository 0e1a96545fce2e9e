import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterFailure } from '../failure.ts';
import type { Report } from '../progress.ts';
import type { PackagesState } from '../state.ts';
import type { Layout } from './layout.ts';
import { readPackagesStatus, type ComponentStatus, type PackagesStatus } from './status.ts';

const pollMs = 150;
/** A busy machine needs much longer than the ten seconds or so of a free one. */
const readyTimeoutMs = 300_000;

/** A component that ends this often while we wait will not get better by itself. */
const hopelessExits = 4;

/** Waits until everything works, and reports each component when it does. */
export async function waitUntilReady(state: PackagesState, layout: Layout, report: Report): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  const reported = new Set<string>();
  let exitsBefore: ReadonlyMap<string, number> | undefined;
  for (;;) {
    const status = await readPackagesStatus(state);
    if (status.type === 'answered') exitsBefore ??= new Map(status.components.map(({ name, exits }) => [name, exits]));
    for (const name of healthyComponents(status).filter((name) => !reported.has(name))) {
      reported.add(name);
      report(`${name} works`);
    }
    if (isReady(status)) return;
    requireHope(status, { layout, exitsBefore: exitsBefore ?? new Map(), isLate: Date.now() > deadline });
    await sleep(pollMs);
  }
}

function healthyComponents(status: PackagesStatus): readonly string[] {
  return status.type === 'answered' ? status.components.filter(isHealthy).map(({ name }) => name) : [];
}

function isHealthy(component: ComponentStatus): boolean {
  return component.state === 'healthy';
}

export function isReady(status: PackagesStatus): boolean {
  return status.type === 'answered' && status.hasStarted && status.components.every(isHealthy);
}

interface Wait {
  readonly layout: Layout;
  /** How often each component had ended by itself before we began to wait. */
  readonly exitsBefore: ReadonlyMap<string, number>;
  readonly isLate: boolean;
}

function requireHope(status: PackagesStatus, { layout, exitsBefore, isLate }: Wait): void {
  if (status.type === 'ended') {
    throw new ClusterFailure(
      `The cluster ended while it was starting: read ${path.join(layout.logs, 'supervisor.log')} for the reason.`,
    );
  }
  const components = status.type === 'answered' ? status.components : [];
  const hopeless = components.find(({ name, exits }) => exits - (exitsBefore.get(name) ?? 0) >= hopelessExits);
  const slow = isLate
    ? components.find((component) => component.state !== 'waiting' && !isHealthy(component))
    : undefined;
  const culprit = hopeless ?? slow;
  if (culprit !== undefined) {
    throw new ClusterFailure(
      `${culprit.name} does not work: read ${logFileOf(culprit.name, layout)} for the reason, then run \`down\` and \`up\` again.`,
    );
  }
  if (isLate) {
    throw new ClusterFailure(
      `The cluster did not start within ${readyTimeoutMs / 1000} s: read the logs in ${layout.logs}, then run \`down\` and \`up\` again.`,
    );
  }
}

/** Conditions have no process and so no log: who brings them about has. */
const causes: Readonly<Record<string, string>> = { node: 'kubelet', 'service-account': 'kube-controller-manager' };

function logFileOf(component: string, layout: Layout): string {
  return path.join(layout.logs, `${causes[component] ?? component}.log`);
}
