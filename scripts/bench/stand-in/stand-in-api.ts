import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ApiRequest } from '../../../webhooks/platform/kube/api.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';
import { Pages } from './pages.ts';
import { apiHost, standInTls } from './pod.ts';
import { Recorded } from './recorded.ts';
import { isRecord, metaOf, numberAt, recordAt } from '../../../webhooks/platform/kube/object.ts';

/** The API server of the unit tests behind HTTPS, with somebody who runs Deployments. */
export interface StandInApi {
  readonly url: string;
  readonly objects: FakeKubeApi;
  /** The longest between two writes of a Lease since the last call, in milliseconds. */
  longestLeaseGapMs(): number;
  close(): Promise<void>;
}

const bookmarkMs = 20_000;

/** Told after each write to a Deployment; `path`: of the object. */
export type RunDeployments = (objects: FakeKubeApi, path: string) => void;

/** By default pods run as soon as their Deployment is written. */
export async function startStandInApi(runDeployments: RunDeployments = runPods): Promise<StandInApi> {
  const objects = createFakeKubeApi();
  const recorded = new Recorded(objects);
  const pages = new Pages(objects);
  const lease = { at: performance.now(), longestMs: 0 };
  const noteLease = (): void => {
    const now = performance.now();
    lease.longestMs = Math.max(lease.longestMs, now - lease.at);
    lease.at = now;
  };
  const { serving } = await standInTls();
  const server = createServer({ cert: serving.certificate, key: serving.privateKey }, (request, response) => {
    void answer({ objects, pages, recorded, noteLease, runDeployments }, request, response);
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    // Listening on a TCP port, so it is an address with a port.
    url: `https://${apiHost}:${(server.address() as AddressInfo).port}`,
    objects,
    longestLeaseGapMs() {
      noteLease();
      const { longestMs } = lease;
      lease.longestMs = 0;
      return longestMs;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

interface Serving {
  readonly objects: FakeKubeApi;
  readonly pages: Pages;
  readonly recorded: Recorded;
  readonly noteLease: () => void;
  readonly runDeployments: RunDeployments;
}

async function answer(
  { objects, pages, recorded, noteLease, runDeployments }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const path = decodeURIComponent(url.pathname);
  const query = Object.fromEntries(url.searchParams);
  if (query['watch'] === 'true') {
    await follow(recorded, { path, query }, response);
    return;
  }
  // Our own client sends these methods only.
  const method = request.method as ApiRequest['method'];
  if (method !== 'GET' && path.includes('/leases/')) noteLease();
  const asked = { method, path, query, ...(await readGiven(request)) };
  if (isList(asked)) recorded.begin(path, query['labelSelector']);
  const result = await (isList(asked) ? pages : objects).request(asked);
  const [status, text] = result.ok ? [200, result.body] : [result.error.status, statusOf(result.error)];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(text));
  if (result.ok && method !== 'GET' && path.includes('/deployments/')) runDeployments(objects, path);
}

/** Of which a watch begins at its version. */
function isList({ method, query = {} }: ApiRequest): boolean {
  return method === 'GET' && query['limit'] !== undefined;
}

async function readGiven(request: IncomingMessage): Promise<Pick<ApiRequest, 'body' | 'contentType'>> {
  const body = await readBody(request);
  // As our own client sends it, or none.
  const contentType = request.headers['content-type'] as ApiRequest['contentType'];
  return { ...(body === undefined ? {} : { body }), ...(contentType === undefined ? {} : { contentType }) };
}

/** What a Deployment's controller would say a little later; one pod at most. */
function runPods(objects: FakeKubeApi, path: string): void {
  const found = objects.get(path);
  if (found === undefined) return;
  const observedGeneration = metaOf(found).generation;
  const conditions = [
    { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
  ];
  const isStopped = numberAt(recordAt(found, 'spec'), 'replicas') === 0;
  const counts = isStopped ? {} : { replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1 };
  objects.put(path, { status: { observedGeneration, ...counts, conditions } });
  if (isStopped) return;
  const { namespace, name } = metaOf(found);
  const template = recordAt(recordAt(found, 'spec'), 'template');
  const labels = { ...recordAt(recordAt(template, 'metadata'), 'labels'), 'pod-template-hash': 'stand-in' };
  objects.put(`/api/v1/namespaces/${namespace}/pods/${name}`, {
    ...{ apiVersion: 'v1', kind: 'Pod', spec: recordAt(template, 'spec') },
    metadata: {
      ...{ name, namespace, labels },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-stand-in`, uid: name, controller: true },
      ],
    },
    status: { podIP: '127.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

async function follow(
  recorded: Recorded,
  { path, query }: { readonly path: string; readonly query: Readonly<Record<string, string>> },
  response: ServerResponse,
): Promise<void> {
  const left = new Promise<void>((resolve) => {
    response.on('close', resolve);
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const bookmarks = setInterval(() => {
    const newest = Math.max(Number(query['resourceVersion'] ?? 0), recorded.newestOf(path, query['labelSelector']));
    const object = { kind: 'Bookmark', metadata: { resourceVersion: String(newest) } };
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }, bookmarkMs);
  const leave = recorded.follow(path, query, (event) => {
    response.write(`${JSON.stringify(event)}\n`);
  });
  if (leave === undefined) {
    const gone = { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message: 'too old' };
    response.end(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`);
  }
  await left;
  leave?.();
  clearInterval(bookmarks);
}

function statusOf({ status, reason, message }: { status: number; reason: string; message: string }): object {
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code: status, reason, message };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  if (chunks.length === 0) return undefined;
  const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  return isRecord(parsed) ? parsed : undefined;
}
