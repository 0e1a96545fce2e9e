import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeImageParts } from '../image/bundle.ts';
import { release } from '../quickstart/install.ts';
import { openStage, type Stage } from './cluster/stage.ts';
import type { Measurement } from './measurement.ts';

const rounds = 5;
const healthPort = 18_081;

const bar = { what: 'Process start → `/readyz` true (webhook)', bar: '< 1 s' };

export const startUp: Measurement = {
  name: 'start-up',
  method:
    'The bundle of the image, started as a process of this machine with the environment of the webhook container ' +
    `against a real API server where the chart is installed; from the start to the first 200 of /readyz. The slowest of ${rounds}.`,
  minutes: 2,
  bars: [bar],
  async run(progress) {
    const stage = await openStage(progress);
    const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
    try {
      const bundle = join(folder, 'mcp-lifecycle.cjs');
      await writeImageParts(folder);
      const environment = await environmentOfWebhook(stage);
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) times.push(await measureOne(bundle, environment));
      const slowest = Math.max(...times);
      return [
        {
          ...bar,
          measured: `${slowest.toFixed(2)} s`,
          isMet: slowest < 1,
          remark: `all: ${times.map((time) => time.toFixed(2)).join(', ')} s`,
        },
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** The environment that the chart gives the container, with ports that are free here. */
async function environmentOfWebhook(stage: Stage): Promise<Record<string, string | undefined>> {
  const template =
    'jsonpath={range .spec.template.spec.containers[?(@.name=="webhook")].env[*]}{.name}={.value}{"\\n"}{end}';
  const text = await stage.kubectl('-n', release.namespace, 'get', 'deployment', release.name, '-o', template);
  const pairs = text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  return {
    ...stage.cluster.environment,
    ...Object.fromEntries(pairs),
    POD_NAMESPACE: release.namespace,
    POD_NAME: 'bench',
    WEBHOOK_PORT: '18250',
    HEALTH_PORT: String(healthPort),
    METRICS_PORT: '18080',
    SHUTDOWN_DELAY_SECONDS: '0',
  };
}

async function measureOne(bundle: string, env: Record<string, string | undefined>): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [bundle, 'webhook'], { env, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  try {
    while (!(await isReady())) {
      if (child.exitCode !== null) throw new Error(`the webhook ended with ${child.exitCode}`);
      if (performance.now() - startedAt > 30_000) throw new Error('the webhook was not ready after 30 s');
      await sleep(5);
    }
    return (performance.now() - startedAt) / 1000;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

function isReady(): Promise<boolean> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port: healthPort, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => {
        resolve(false);
      })
      .end();
  });
}
