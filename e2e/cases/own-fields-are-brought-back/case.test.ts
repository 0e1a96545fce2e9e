/** @slow some two hundred fields are changed one after another, each until it is as it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { removedAdditions } from '../../../webhooks/core/plan/foreign/testing/additions.ts';
import { valuesOf } from '../../../webhooks/core/plan/foreign/testing/apply-model.ts';
import { fullSpec } from '../../../webhooks/core/plan/foreign/testing/full-server.ts';
import { mutationsOf } from '../../../webhooks/core/plan/foreign/testing/mutations.ts';
import type { Mutation } from '../../../webhooks/core/plan/foreign/testing/mutations.ts';
import { expandedKinds } from '../../../webhooks/core/resources/index.gen.ts';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { connectToCluster } from '../../../webhooks/platform/kube/connect.ts';
import { apply } from '../../harness/kubectl.ts';
import { untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Servers that are changed side by side. */
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
/** In milliseconds: what is not brought back fails, however long it is waited for. */
const patienceMs = 300_000;
const api = await connectToCluster(process.env);

/**
 * What the API server refuses at once, so that nobody can do it: what cannot be changed, and what would be no pod. All
 * else has to be brought back.
 */
const refusedByTheApiServer = [
  // immutable
  /^(changed|removed): spec\.selector/,
  // the template has to match the selector
  /^(changed|removed): spec\.template\.metadata\.labels(\.mcp-server)?$/,
  // names that something else has to have
  /^changed: spec\.template\.spec\.containers\[mcp-server\]\.volumeMounts\[.*\]\.name$/,
  /^changed: .*\.fieldRef\.apiVersion$/,
  // required, or half of a pair
  /^removed: .*\.seccompProfile\.type$/,
  /^removed: spec\.template(\.metadata|\.spec)?$/,
  /^removed: spec\.template\.spec\.containers/,
  /^(removed|renamed): spec\.template\.spec\.volumes/,
  /^removed: spec\.template\.spec\.containers\[mcp-server\]\.(image|name)/,
  /^removed: spec\.(ports|podSelector)/,
];

describe('every field that we apply', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } });
    await apply(namespace, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secret' } });
    await Promise.all(names.map((name) => apply(namespace, serverOf(name, 60))));
    for (const name of names) await untilCondition(namespace, name, { type: 'Available', status: 'True' });
  });

  it('is brought back, whatever somebody made of it', async () => {
    const left = await casesOf('a');
    const all = left.length;
    const refused: string[] = [];
    const unchanged: string[] = [];
    const failed: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let turn = 60; ; turn += 1) {
        const next = left.shift();
        if (next === undefined) return;
        // A new generation: nothing was taken away in it yet.
        await patchPeriod(name, turn);
        const outcome = await breakAndWait(name, next);
        if (outcome === 'refused') refused.push(next.name);
        else if (outcome === 'changed nothing') unchanged.push(next.name);
        else if (outcome !== 'brought back') failed.push(`${next.kind} ${next.name}: ${outcome}`);
      }
    };
    await Promise.all(names.map(work));
    expect(failed).toEqual([]);
    expect(refused.filter((name) => !refusedByTheApiServer.some((known) => known.test(name)))).toEqual([]);
    expect(all - refused.length - unchanged.length).toBeGreaterThan(150);
  });

  it('and the servers are as they were', async () => {
    for (const name of names) await untilCondition(namespace, name, { type: 'Ready', status: 'True' });
  });

  const required = expandedKinds.filter(({ requirement }) => requirement === 'required');

  type Case = Mutation & { readonly kind: string };

  async function casesOf(name: string): Promise<Case[]> {
    const generated = await Promise.all(
      required.map(async ({ kind }) => {
        const live = await read(kind, name);
        return mutationsOf(appliedPartOf(live)).map((mutation) => ({ kind, ...mutation }));
      }),
    );
    // One more pull secret may stay, and so does a strategy that somebody wrote (docs/reference/foreign-fields.md).
    const isKept = ({ name: what }: Case): boolean =>
      /^(added beside|renamed): .*imagePullSecrets|: spec\.strategy/.test(what);
    const additions = removedAdditions.filter((one) => required.some(({ kind }) => kind === one.kind));
    return [...generated.flat(), ...additions].filter((one) => !isKept(one));
  }

  async function breakAndWait(name: string, { kind, change }: Case): Promise<string> {
    const path = pathOf(kind, name);
    const put = { method: 'PUT', path, query: { fieldManager: 'somebody' } } as const;
    let before = await read(kind, name);
    let result = await api.request({ ...put, body: change(before) });
    // Deployments have a controller, which writes too.
    while (!result.ok && result.error.status === 409) {
      before = await read(kind, name);
      result = await api.request({ ...put, body: change(before) });
    }
    if (!result.ok) return result.error.status === 422 ? 'refused' : result.error.message;
    const wanted = textOf(before);
    // Some fields get back what they had by a default.
    if (textOf(result.body as Fields) === wanted) return 'changed nothing';
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const now = textOf(await read(kind, name));
      if (now === wanted) return 'brought back';
      if (Date.now() > deadline) return `is ${now}`;
      await sleep(50);
    }
  }

  async function read(kind: string, name: string): Promise<Fields> {
    const result = await api.request({ method: 'GET', path: pathOf(kind, name) });
    if (!result.ok) throw new Error(result.error.message);
    // What the API server sends for one object.
    return result.body as Fields;
  }

  function pathOf(kind: string, name: string): string {
    const { apiVersion = '', plural = '' } = expandedKinds.find((of) => of.kind === kind) ?? {};
    return objectPath({ apiVersion, plural, namespace, name });
  }

  async function patchPeriod(name: string, periodSeconds: number): Promise<void> {
    const path = objectPath({ apiVersion: 'mcp.x-k8s.io/v1beta1', plural: 'mcpservers', namespace, name });
    const body = { spec: { extensions: { verification: { periodSeconds } } } };
    const result = await api.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
    if (!result.ok) throw new Error(result.error.message);
  }
});

function serverOf(name: string, periodSeconds: number): object {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      ...fullSpec,
      source: { type: 'ContainerImage', ...fullSpec.source },
      extensions: { verification: { periodSeconds } },
    },
  };
}

/** What our entry in managedFields names of the object: what we applied. */
function appliedPartOf(live: Fields): Fields {
  const { managedFields } = live['metadata'] as { readonly managedFields: readonly Fields[] };
  const ours = managedFields.find(({ manager, operation }) => manager === 'mcp-lifecycle' && operation === 'Apply');
  const { fieldsV1 } = ours as { readonly fieldsV1: Fields };
  return partOf(live, fieldsV1) as Fields;
}

function partOf(value: unknown, tree: Fields): unknown {
  const keys = Object.keys(tree).filter((key) => key !== '.');
  if (keys.length === 0) return value;
  if (Array.isArray(value)) {
    return keys.map((key) => {
      const named = Object.entries(JSON.parse(key.slice(2)) as Fields);
      const element = (value as readonly Fields[]).find((item) => named.every(([field, of]) => item[field] === of));
      return partOf(element, tree[key] as Fields);
    });
  }
  return Object.fromEntries(
    keys.map((key) => [key.slice(2), partOf((value as Fields)[key.slice(2)], tree[key] as Fields)]),
  );
}

/** All that is said of it, whatever the order of its lists; without what controllers and the API server count. */
function textOf(object: Fields): string {
  const values = [...valuesOf(object)].filter(
    ([path]) => !/revision|clusterIP|nodePort|applied-hash|of-sidecar/.test(path),
  );
  return JSON.stringify(values.sort());
}
