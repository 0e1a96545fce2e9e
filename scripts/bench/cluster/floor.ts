import { setTimeout as sleep } from 'node:timers/promises';
import { applyDefaults } from '../../../webhooks/core/defaults/apply.ts';
import { parseMCPServer } from '../../../webhooks/core/mcpserver/parse.ts';
import { ownerOf } from '../../../webhooks/core/plan/ownership.ts';
import { plan } from '../../../webhooks/core/plan/plan.ts';
import type { ExpansionInput, KubernetesObject } from '../../../webhooks/core/resources/expanded-kind.ts';
import { expandedKinds } from '../../../webhooks/core/resources/index.gen.ts';
import { digest } from '../../../webhooks/platform/digest.ts';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { metaOf, recordAt } from '../../../webhooks/platform/kube/object.ts';
import { release } from '../../quickstart/install.ts';
import type { Progress } from '../measurement.ts';
import { forServer, withoutMarks, type Pattern } from './pattern.ts';
import {
  apiVersion,
  create,
  expectOk,
  inParallel,
  plural,
  untilServers,
  type ServerObject,
  type StoredServer,
} from './servers.ts';
import { inNamespace, ofRelease, type Stage } from './stage.ts';

export interface FloorInput extends Pick<ExpansionInput, 'gateway'> {
  readonly names: readonly string[];
  /** How many requests at a time. */
  readonly width: number;
  readonly serverNamed: (namespace: string, name: string) => ServerObject;
  /** Whether the release has told all of a server. */
  readonly isDone: (server: StoredServer) => boolean;
  /** Makes what servers of the namespace name. */
  readonly prepare?: (stage: Stage, namespace: string) => Promise<unknown>;
}

/** For methods of measurements. */
export const asTheFloorIsWritten =
  'the same objects itself: what the release has written of one server before, with all metadata, its status and its Event';

const namespace = 'bench-floor';

/**
 * How many seconds a client takes that writes itself what the release has written of one server before: the servers, their
 * children with all of their metadata, their status and the Event, and thinks nothing. It is watched as the release is. Ours
 * does not run meanwhile, neither webhooks nor a reconciler; who asked has to open the stage again.
 */
export async function measureFloor(stage: Stage, input: FloorInput, progress: Progress): Promise<number> {
  const pattern = await inNamespace(stage, namespace, () => readPattern(stage, input));
  const webhooks = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
  await stage.kubectl('-n', release.namespace, 'scale', 'deployment', release.name, '--replicas=0');
  const kept = await stage.kubectl('get', webhooks.join(','), '-l', ofRelease, '-o', 'name');
  for (const name of kept.trim().split('\n')) await stage.kubectl('delete', name);
  return inNamespace(stage, namespace, async () => {
    const startedAt = performance.now();
    const written = untilServers(stage.api, namespace, input.names.length, input.isDone);
    await inParallel(input.names, input.width, (name) => writeAll(stage, input.serverNamed(namespace, name), pattern));
    await written;
    const seconds = (performance.now() - startedAt) / 1000;
    progress(`the floor wrote ${input.names.length} servers with their children in ${seconds.toFixed(1)} s`);
    return seconds;
  });
}

/** What the release makes of one server. */
async function readPattern(stage: Stage, { serverNamed, prepare, gateway, isDone }: FloorInput): Promise<Pattern> {
  await prepare?.(stage, namespace);
  const name = 'the-pattern';
  await create(stage.api, serverNamed(namespace, name), plural);
  await untilServers(stage.api, namespace, 1, isDone);
  const stored = expectOk(await stage.api.request({ method: 'GET', path: serverPath(name) }));
  const parsed = parseMCPServer(stored);
  if (!parsed.ok) throw new Error('the API server stored no MCPServer');
  const server = applyDefaults(parsed.server);
  const desired = expandedKinds.flatMap((kind) => kind.build({ server, gateway }));
  const owner = ownerOf(server);
  const children = plan({ owner, childKinds: expandedKinds, desired, observed: [], digest }).flatMap((action) =>
    action.type === 'apply' ? [{ plural: action.of.plural, object: action.object }] : [],
  );
  const told = (await readEvents(stage, name)).map((object) => ({ plural: events.plural, object }));
  return { name, uid: metaOf(stored).uid, status: recordAt(stored, 'status'), objects: [...children, ...told] };
}

const events = { apiVersion: 'events.k8s.io/v1', plural: 'events' } as const;

/** They are written a little later than status. */
async function readEvents({ api }: Stage, server: string): Promise<readonly KubernetesObject[]> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const list = expectOk(await api.request({ method: 'GET', path: objectPath({ ...events, namespace }) }));
    const found = (list as { readonly items: readonly StoredEvent[] }).items.filter(
      ({ regarding }) => regarding.kind === 'MCPServer' && regarding.name === server,
    );
    if (found.length > 0)
      return found.map((event) => withoutMarks({ ...event, apiVersion: events.apiVersion, kind: 'Event' }));
    await sleep(100);
  }
  throw new Error(`nothing was told of ${server}`);
}

interface StoredEvent extends KubernetesObject {
  readonly regarding: { readonly kind: string; readonly name: string };
}

async function writeAll({ api }: Stage, server: ServerObject, pattern: Pattern): Promise<void> {
  const { name } = server.metadata;
  const { uid } = metaOf(await create(api, server, plural));
  const { objects, status } = forServer(pattern, { name, uid });
  for (const { plural: collection, object } of objects) await create(api, object, collection);
  const contentType = 'application/merge-patch+json';
  expectOk(await api.request({ method: 'PATCH', path: `${serverPath(name)}/status`, contentType, body: { status } }));
}

function serverPath(name: string): string {
  return objectPath({ apiVersion, plural, namespace, name });
}
