import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeImageParts } from '../../image/bundle.ts';
import { reconcilerFlags } from '../admission/webhook-flags.ts';
import { podEnvironment, podFlags, putServiceAccount } from './pod.ts';

/** Puts what is in our image into a folder, with some changes, and the way to an API server at `url`. */
export async function installImage(
  folder: string,
  url: string,
  changes: Parameters<typeof writeImageParts>[1] = [],
): Promise<void> {
  await writeImageParts(folder, changes);
  await putServiceAccount(folder, url);
}

export interface RunningReconciler {
  /** Most anonymous memory since the start, in bytes. */
  mostMemoryBytes(): number;
  cpuSeconds(): number;
  /** How often the process ended by itself. */
  ends(): number;
  stop(): Promise<void>;
}

interface ReconcilerOptions {
  /** A script that runs before it. */
  readonly preload?: string;
  /** Of the chart (FEATURES); none if nothing is said. */
  readonly features?: string;
}

/**
 * The reconciler of {@link installImage} with the flags and the environment of image and chart, on a processor of its
 * own; started again when it ends, as a kubelet would.
 */
export function startReconciler(folder: string, { preload, features = '' }: ReconcilerOptions = {}): RunningReconciler {
  const command = [
    ...['-c', '0', process.execPath, ...reconcilerFlags, ...podFlags],
    ...(preload === undefined ? [] : ['--require', preload]),
    ...[join(folder, 'mcp-lifecycle.cjs'), 'reconciler'],
  ];
  const env = {
    ...process.env,
    ...podEnvironment(folder),
    POD_NAMESPACE: 'mcp-lifecycle-system',
    POD_NAME: 'bench',
    OWN_IMAGE: 'registry.example.com/mcp-lifecycle:0.1.0',
    OWN_SERVICE_ACCOUNTS: 'mcp-lifecycle',
    OWN_SECRETS: 'mcp-lifecycle-certificate',
    LEASE_NAME: 'mcp-lifecycle',
    HEALTH_PORT: '18083',
    METRICS_PORT: '18082',
    CLUSTER_DOMAIN: 'cluster.local',
    FEATURES: features,
    LOG_LEVEL: 'error',
  };
  let ends = 0;
  let most = 0;
  let isStopping = false;
  const start = (): ReturnType<typeof spawn> => {
    const child = spawn('taskset', command, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('exit', () => {
      if (isStopping) return;
      ends += 1;
      running = start();
    });
    return child;
  };
  let running = start();
  const timer = setInterval(() => {
    most = Math.max(most, anonymousBytes(running.pid));
  }, 250);
  return {
    mostMemoryBytes: () => most,
    cpuSeconds: () => cpuSecondsOf(running.pid),
    ends: () => ends,
    async stop() {
      isStopping = true;
      clearInterval(timer);
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      await ended;
    },
  };
}

/** Of a process that may be gone: 0 then. */
export function anonymousBytes(pid: number | undefined): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(read(`/proc/${pid ?? 0}/status`))?.[1] ?? 0) * 1024;
}

/** Since its start; the clock of the kernel has a hundred ticks a second. */
function cpuSecondsOf(pid: number | undefined): number {
  const fields =
    read(`/proc/${pid ?? 0}/stat`)
      .split(') ')[1]
      ?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
