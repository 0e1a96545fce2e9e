import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import {
  webhookConfigurationApi,
  webhookConfigurations,
} from '../../../webhooks/platform/tls/webhook-configuration.ts';
import { webhookFlags } from '../admission/webhook-flags.ts';
import { podEnvironment, podFlags } from '../stand-in/pod.ts';
import { anonymousBytes } from '../stand-in/reconciler.ts';

export const webhookPort = 18_250;

export interface RunningWebhook {
  /** Most anonymous memory since the start, in bytes. */
  mostMemoryBytes(): number;
  /** How often the process ended by itself. */
  ends(): number;
  stop(): Promise<void>;
}

/** The webhook of the bundle with the flags and the environment of image and chart, on a processor of its own. */
export async function startWebhook(folder: string): Promise<RunningWebhook> {
  const env = {
    ...process.env,
    ...podEnvironment(folder),
    POD_NAMESPACE: namespace,
    POD_NAME: 'bench',
    OWN_IMAGE: 'registry.example.com/mcp-lifecycle:0.1.0',
    OWN_SERVICE_ACCOUNTS: release,
    OWN_SECRETS: certificateSecret,
    WEBHOOK_PORT: String(webhookPort),
    WEBHOOK_SERVICE: release,
    CERTIFICATE_MODE: 'managed',
    CERTIFICATE_SECRET: certificateSecret,
    MUTATING_CONFIGURATION: release,
    VALIDATING_CONFIGURATION: release,
    HEALTH_PORT: '18085',
    METRICS_PORT: '18084',
    CLUSTER_DOMAIN: 'cluster.local',
    SHUTDOWN_DELAY_SECONDS: '0',
    LOG_LEVEL: 'error',
  };
  const program = join(folder, 'mcp-lifecycle.cjs');
  const command = ['-c', '0', process.execPath, ...webhookFlags, ...podFlags, program, 'webhook'];
  const child = spawn('taskset', command, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  let ends = 0;
  child.once('exit', () => {
    ends += 1;
  });
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, anonymousBytes(child.pid));
  }, 20);
  while (!(await isServing())) {
    if (ends > 0) throw new Error('the webhook ended');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    mostMemoryBytes: () => most,
    ends: () => ends,
    async stop() {
      clearInterval(timer);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** What the chart makes before the webhook starts: its Secret, empty, and what tells API servers of it. */
export function putWhatItNeeds(objects: FakeKubeApi): void {
  const metadata = { name: certificateSecret, namespace };
  objects.put(`/api/v1/namespaces/${namespace}/secrets/${certificateSecret}`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
  });
  for (const { kind, plural } of Object.values(webhookConfigurations)) {
    const configuration = { apiVersion: webhookConfigurationApi, kind, metadata: { name: release }, webhooks: [] };
    objects.put(`/apis/${webhookConfigurationApi}/${plural}/${release}`, configuration);
  }
}

const namespace = 'mcp-lifecycle-system';
const release = 'mcp-lifecycle';
const certificateSecret = 'mcp-lifecycle-certificate';

/** It has a certificate, which it finds in the stand-in, or writes there. */
function isServing(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: webhookPort, rejectUnauthorized: false }, () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(false);
    });
  });
}
