import { applyDefaults } from '../../../webhooks/core/defaults/apply.ts';
import { gatewayBindingName } from '../../../webhooks/core/mcpserver/names.ts';
import { parseMCPServer } from '../../../webhooks/core/mcpserver/parse.ts';
import type { ExpansionInput } from '../../../webhooks/core/resources/expanded-kind.ts';
import { expandedKinds } from '../../../webhooks/core/resources/index.gen.ts';
import { mcpGatewayBinding } from '../../../webhooks/core/resources/mcp-gateway-binding.ts';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { release } from '../../quickstart/install.ts';
import type { Progress } from '../measurement.ts';
import { apiVersion, create, expectOk, inParallel, plural, type ServerObject } from './servers.ts';
import { inNamespace, ofRelease, type Stage } from './stage.ts';

export interface FloorInput extends Pick<ExpansionInput, 'gateway'> {
  readonly names: readonly string[];
  /** How many requests at a time. */
  readonly width: number;
  readonly serverNamed: (namespace: string, name: string) => ServerObject;
}

/**
 * How many seconds a client takes that writes the servers, their children and their status itself, and thinks nothing. Ours
 * does not run meanwhile, neither webhooks nor a reconciler; who asked has to open the stage again.
 */
export async function measureFloor(stage: Stage, input: FloorInput, progress: Progress): Promise<number> {
  const webhooks = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
  await stage.kubectl('-n', release.namespace, 'scale', 'deployment', release.name, '--replicas=0');
  const kept = await stage.kubectl('get', webhooks.join(','), '-l', ofRelease, '-o', 'name');
  for (const name of kept.trim().split('\n')) await stage.kubectl('delete', name);
  const namespace = 'bench-floor';
  return inNamespace(stage, namespace, async () => {
    const startedAt = performance.now();
    await inParallel(input.names, input.width, (name) => writeAll(stage, input.serverNamed(namespace, name), input));
    const seconds = (performance.now() - startedAt) / 1000;
    progress(`the floor wrote ${input.names.length} servers with their children in ${seconds.toFixed(1)} s`);
    return seconds;
  });
}

async function writeAll(stage: Stage, written: ServerObject, { gateway }: FloorInput): Promise<void> {
  const stored = await create(stage.api, written, plural);
  const parsed = parseMCPServer(stored);
  if (!parsed.ok) throw new Error('the API server stored no MCPServer');
  const server = applyDefaults(parsed.server);
  for (const kind of expandedKinds) {
    for (const child of kind.build({ server, gateway })) await create(stage.api, child, kind.plural);
  }
  const { name, namespace } = written.metadata;
  if (server.spec.gateway !== undefined) {
    const { apiVersion: version, plural: bindings } = mcpGatewayBinding;
    const path = objectPath({ apiVersion: version, plural: bindings, namespace, name: gatewayBindingName(server) });
    await writeStatus(stage, path, { conditions: ['Registered'].map(conditionOf) });
  }
  const conditions = ['Accepted', 'Available', 'Ready', 'Verified'].map(conditionOf);
  const status = { observedGeneration: 1, deploymentName: name, serviceName: name, phase: 'Running', conditions };
  await writeStatus(stage, objectPath({ apiVersion, plural, namespace, name }), status);
}

function conditionOf(type: string): object {
  const lastTransitionTime = new Date().toISOString();
  return { type, status: 'True', reason: 'Written', message: 'written without thinking', lastTransitionTime };
}

async function writeStatus({ api }: Stage, path: string, status: object): Promise<void> {
  const contentType = 'application/merge-patch+json';
  expectOk(await api.request({ method: 'PATCH', path: `${path}/status`, contentType, body: { status } }));
}
