import { readFileSync } from 'node:fs';
import type { ReferenceState } from '../core/engine/facts.ts';
import type { Policy } from '../core/engine/policy.ts';
import { compatibilityProfiles } from '../core/mcpserver/compatibility.ts';
import type { Listener } from '../core/mcpserver/gateway.ts';
import type { Registrant } from '../core/mcpserver/prefix-claim.ts';
import { present } from '../core/mcpserver/record.ts';
import { readGateway } from '../core/resources/public-url.ts';
import { isRecord, listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { toldStates, type KnownApis } from './ask-apis.ts';
import { builtIn, readWritten, type ClusterPolicy } from './cluster-policy.ts';
import {
  isReferencedKind,
  placeOf,
  toClusterFacts,
  type ClusterFacts,
  type KnownGateways,
  type KnownObject,
  type KnownPrefixes,
  type NamespacesLabels,
} from './known-facts.ts';
import { factsSchemaVersion } from './schemas/facts.ts';

/** Largest file of facts, in bytes: a hundred thousand objects. */
const maxFactsBytes = 64 * 1024 * 1024;

export type ReadFacts =
  | { readonly type: 'read'; readonly clusters: readonly ClusterFacts[] }
  | { readonly type: 'refused'; readonly problem: string };

/** What `--record` writes: the same text for the same facts, so that a repository shows when they change. No values. */
export function renderFacts(clusters: readonly ClusterFacts[]): string {
  const document = {
    schemaVersion: factsSchemaVersion,
    clusters: clusters.map(({ context, policy, labels, apis, gateways, prefixes, objects }) => ({
      context,
      ...(policy === undefined ? {} : { policy: toPolicyRecord(policy) }),
      ...(labels === undefined ? {} : { labels: byKey(labels) }),
      ...(apis === undefined ? {} : { apis: Object.fromEntries(apis) }),
      ...(gateways === undefined ? {} : { gateways: toGatewayRecords(gateways) }),
      ...(prefixes === undefined ? {} : { prefixes: toPrefixRecords(prefixes) }),
      objects: [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => toRecord(object)),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function byKey(known: ReadonlyMap<string, unknown>): object {
  return Object.fromEntries([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function toGatewayRecords(gateways: KnownGateways): object {
  const toListenerRecord = ({ name, protocol, port, hostname }: Listener) => ({
    ...{ ...present({ name }), protocol, port, ...present({ hostname }) },
  });
  return byKey(new Map([...gateways].map(([place, listeners]) => [place, listeners.map(toListenerRecord)])));
}

function toPrefixRecords(prefixes: KnownPrefixes): object {
  return byKey(new Map([...prefixes].map(([claim, servers]) => [claim, servers.map(placeOf)])));
}

function toPolicyRecord({ written, chosen: { by, policy } }: ClusterPolicy): object {
  if (written !== undefined) return written;
  return 'because' in by ? { because: by.because, ...toProfileRecord(policy) } : {};
}

/** Nothing for the one that is in force where nothing is said. */
function toProfileRecord({ compatibility = 'default' }: Policy): object {
  return compatibility === 'default' ? {} : { profile: compatibility };
}

function toRecord({ kind, namespace, name, state }: KnownObject): object {
  const identity = { kind, namespace, name };
  if (state.state !== 'found') return { ...identity, ...state };
  const { keys, caBundle, accessModes } = state;
  return { ...identity, state: 'found', keys: [...keys].sort(), ...present({ caBundle, accessModes }) };
}

/** What `--facts` replays. */
export function readFacts(file: string): ReadFacts {
  try {
    const bytes = readFileSync(file);
    if (bytes.byteLength > maxFactsBytes) return refuse(file, `larger than ${maxFactsBytes / 1024 / 1024} MiB`);
    return parseFacts(file, JSON.parse(bytes.toString('utf8')) as unknown);
  } catch (error) {
    const isMissing = isRecord(error) && error['code'] === 'ENOENT';
    return refuse(file, isMissing ? 'no such file' : 'is no file of facts: make it anew with --record');
  }
}

function parseFacts(file: string, document: unknown): ReadFacts {
  const version = stringAt(document, 'schemaVersion');
  if (version !== factsSchemaVersion) {
    return refuse(file, `is not of version ${factsSchemaVersion}: make it anew with --record`);
  }
  const clusters = listAt(document, 'clusters').map((cluster) => {
    const objects = listAt(cluster, 'objects').map(parseObject);
    const context = stringAt(cluster, 'context') ?? '';
    const facts = toClusterFacts(
      context,
      objects.flatMap((object) => object ?? []),
    );
    const labels = recordAt(cluster, 'labels');
    const apis = recordAt(cluster, 'apis');
    const gateways = recordAt(cluster, 'gateways');
    const prefixes = recordAt(cluster, 'prefixes');
    return {
      ...facts,
      policy: parsePolicy(context, recordAt(cluster, 'policy')),
      ...(labels === undefined ? {} : { labels: parseLabels(labels) }),
      ...(apis === undefined ? {} : { apis: parseApis(apis) }),
      ...(gateways === undefined ? {} : { gateways: parseGateways(gateways) }),
      ...(prefixes === undefined ? {} : { prefixes: parsePrefixes(prefixes) }),
    };
  });
  return { type: 'read', clusters };
}

function parsePolicy(context: string, record: unknown): ClusterPolicy | undefined {
  const [configMap, text, because] = ['configMap', 'text', 'because'].map((field) => stringAt(record, field));
  if (configMap !== undefined && text !== undefined) return readWritten(context, { configMap, text });
  const profile = compatibilityProfiles.find((one) => one === stringAt(record, 'profile'));
  return because === undefined ? undefined : builtIn(context, because, profile);
}

function parseLabels(record: Readonly<Record<string, unknown>>): NamespacesLabels {
  const labelsOf = (value: unknown): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(isRecord(value) ? value : {}).map(([key, label]) => [key, String(label)]));
  return new Map(Object.entries(record).map(([namespace, labels]) => [namespace, labelsOf(labels)]));
}

function parseApis(record: Readonly<Record<string, unknown>>): KnownApis {
  return new Map(
    Object.entries(record).flatMap(([kind, value]) => {
      const state = toldStates.find((one) => one === value);
      return state === undefined ? [] : [[kind, state] as const];
    }),
  );
}

/** The record of one is the list of its listeners, as a Gateway has them. */
function parseGateways(record: Readonly<Record<string, unknown>>): KnownGateways {
  return new Map(
    Object.entries(record).map(([place, listeners]) => [place, readGateway({ spec: { listeners } }).listeners]),
  );
}

/** The record of one is the list of its servers, as `namespace/name`. */
function parsePrefixes(record: Readonly<Record<string, unknown>>): KnownPrefixes {
  const toServer = (place: string): Registrant => {
    const [namespace = '', name = ''] = place.split('/');
    return { namespace, name };
  };
  return new Map(Object.keys(record).map((claim) => [claim, textsAt(record, claim).map(toServer)]));
}

/** Nothing for an object that this version does not understand: then nothing is known about it. */
function parseObject(record: unknown): KnownObject | undefined {
  const kind = stringAt(record, 'kind') ?? '';
  const state = parseState(record);
  if (!isReferencedKind(kind) || state === undefined) return undefined;
  return { kind, namespace: stringAt(record, 'namespace') ?? '', name: stringAt(record, 'name') ?? '', state };
}

const bundles = ['usable', 'none', 'too-large'] as const;

function parseState(record: unknown): ReferenceState | undefined {
  switch (stringAt(record, 'state')) {
    case 'found': {
      const keys = new Set(textsAt(record, 'keys'));
      const caBundle = bundles.find((one) => one === stringAt(record, 'caBundle'));
      const modes = isRecord(record) && 'accessModes' in record ? { accessModes: textsAt(record, 'accessModes') } : {};
      return { state: 'found', keys, ...(caBundle === undefined ? {} : { caBundle }), ...modes };
    }
    case 'missing':
      return { state: 'missing' };
    case 'unknown':
      return { state: 'unknown', reason: stringAt(record, 'reason') ?? 'not told' };
    case undefined:
    default:
      return undefined;
  }
}

function textsAt(record: unknown, field: string): readonly string[] {
  return listAt(record, field).flatMap((text) => (typeof text === 'string' ? [text] : []));
}

function refuse(file: string, why: string): ReadFacts {
  return { type: 'refused', problem: `--facts ${file}: ${why}` };
}
