import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { ensureCertManager } from '../../scripts/cluster/packages/cert-manager.ts';
import { resolveSettings } from '../../scripts/cluster/settings.ts';
import { installKinds } from './kinds.ts';
import { kubectlOk } from './kubectl.ts';

export interface RunningCertManager {
  /** Ends it, and deletes its CRDs with everything that is of them. */
  remove(): Promise<void>;
}

/** The last lines of what cert-manager says, for a failure. */
const keptLines = 20;

/**
 * Starts the real cert-manager for the cluster, as a process beside it: it speaks to the API server alone. The first time
 * it is built, which takes minutes.
 */
export async function startCertManager(cluster: ClusterHandle): Promise<RunningCertManager> {
  const { program, crds } = await ensureCertManager(resolveSettings({}, process.env).cache, () => undefined);
  // `deploy/crds` has a README beside them, which kubectl leaves alone.
  await installKinds(crds);
  const lines: string[] = [];
  const child = spawn(program, { env: cluster.environment, stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.trim().split('\n'));
    lines.splice(0, Math.max(0, lines.length - keptLines));
  });
  const ended = once(child, 'close');
  await Promise.race([once(child, 'spawn'), ended]);
  return {
    async remove() {
      const hadEnded = child.exitCode !== null;
      child.kill();
      await ended;
      await kubectlOk(['delete', '--ignore-not-found', '--filename', crds]);
      if (hadEnded) throw new Error(`cert-manager ended by itself:\n${lines.join('\n')}`);
    },
  };
}
