import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';

import type { ReferencedKind, ReferenceFacts, ReferenceState } from '../../core/engine/facts.ts';
import { CA_BUNDLE_KEY } from '../../core/mcpserver/references.ts';
import { objectPath } from './api.ts';
import type { ApiError, ApiResult, KubeApi } from './api.ts';
import { metaOf, recordAt } from './object.ts';
import { parseCaBundle } from '../tls/ca-certificates.ts';
import type { CaBundle } from '../tls/ca-certificates.ts';
import { abortAfter } from '../timer.ts';

/** One object that an MCPServer names. */
export interface Reference {
  readonly kind: ReferencedKind;
  readonly name: string;
  /** `tls-ca`: its certificates are wanted, see {@link GatheredReferences.caBundle}. */
  readonly usage?: string;
}

/** What was found out about all of them. */
export interface GatheredReferences {
  readonly facts: ReferenceFacts;
  /** Digest over the data of every object that was found; absent when there is none, or when one is unknown. */
  readonly configHash?: string;
  /** `Kind/name` to the resourceVersion that was read, or `missing`: tells a watch event that is news from one that is not. */
  readonly versions: ReadonlyMap<string, string>;
  /** The certificates of the Secret that is used as `tls-ca`, if it has any: the only contents that leave this file. */
  readonly caBundle?: CaBundle;
  /** The first object about which nothing could be said (forbidden, no answer): worth another try. */
  readonly transient?: ApiError;
}

export interface GatherOptions {
  readonly namespace: string;
  readonly references: readonly Reference[];
  /** For all of them together; what has not answered by then is `unknown`. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Of objects that are read; what is named after these is `unknown`. Default: no limit. */
  readonly maxReads?: number;
}

/** Objects that are read at the same time for one server. */
const parallelReads = 4;

const plurals = {
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  ServiceAccount: 'serviceaccounts',
} as const satisfies Record<ReferencedKind, string>;

/**
 * Reads each referenced object once and tells which keys it has. Values are hashed here and forgotten: they are in no
 * result, no error and no log, except CA certificates, which are public. 404 is `missing`; 403, 5xx and no answer in time are `unknown` with the reason.
 */
export async function gatherReferences(api: KubeApi, options: GatherOptions): Promise<GatheredReferences> {
  const named = options.references.filter(({ name }) => name !== '');
  const distinct = [...new Map(named.map((reference) => [factKey(reference), reference])).values()];
  const { maxReads = distinct.length } = options;
  const wanted = distinct.slice(0, maxReads);
  const reason = wanted.length < distinct.length ? `only ${maxReads} objects are looked up` : 'not looked up';
  const caSecret = named.find(({ usage }) => usage === 'tls-ca');
  const deadline = abortAfter(options.deadlineMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  const { read, digest } = await readAll(api, { ...options, references: wanted, caSecret: caSecret?.name, signal });
  const states = new Map(read.map(({ reference, state }) => [factKey(reference), state]));
  const transient = read.find((entry) => entry.error !== undefined)?.error;
  const configHash = transient === undefined ? digest : undefined;
  const caBundle = read.find((entry) => entry.caBundle !== undefined)?.caBundle;
  return {
    facts: {
      lookUp: (kind, name) => states.get(factKey({ kind, name })) ?? { state: 'unknown', reason },
    },
    versions: new Map(
      read.flatMap((entry) => (entry.version === undefined ? [] : [[factKey(entry.reference), entry.version]])),
    ),
    ...(configHash === undefined ? {} : { configHash }),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(transient === undefined ? {} : { transient }),
  };
}

interface ReadReference {
  readonly reference: Reference;
  readonly state: ReferenceState;
  readonly error?: ApiError;
  readonly version?: string;
  readonly caBundle?: CaBundle;
}

/** With what is only to be hashed, and never part of what this file returns. */
interface JustRead extends ReadReference {
  readonly entries?: readonly HashEntry[];
}

interface HashEntry {
  readonly key: string;
  readonly value: Buffer;
}

interface ReadOptions extends GatherOptions {
  readonly signal: AbortSignal;
  /** Name of the Secret whose certificates are wanted. */
  readonly caSecret: string | undefined;
}

/**
 * In the order of the digest and a few at a time: each object's values are hashed and dropped before the next ones are
 * read, so that many large Secrets never stand in memory together.
 */
async function readAll(
  api: KubeApi,
  options: ReadOptions,
): Promise<{ readonly read: readonly ReadReference[]; readonly digest?: string }> {
  const wanted = options.references.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
  const read: ReadReference[] = [];
  const hash = createHash('sha256');
  let isAnyFound = false;
  for (let at = 0; at < wanted.length; at += parallelReads) {
    const some = wanted.slice(at, at + parallelReads).map((reference) => readOne(api, options, reference));
    for (const { entries, ...kept } of await Promise.all(some)) {
      if (entries !== undefined) addTo(hash, kept.reference, entries);
      isAnyFound ||= entries !== undefined;
      read.push(kept);
    }
  }
  return { read, ...(isAnyFound ? { digest: hash.digest('hex') } : {}) };
}

async function readOne(api: KubeApi, options: ReadOptions, reference: Reference): Promise<JustRead> {
  const { namespace, signal, deadlineMs } = options;
  const path = objectPath({ apiVersion: 'v1', plural: plurals[reference.kind], namespace, name: reference.name });
  const result = await api.request({ method: 'GET', path, signal, timeoutMs: deadlineMs });
  if (result.ok) {
    const isCaSecret = reference.kind === 'Secret' && reference.name === options.caSecret;
    const contents = contentsOf(reference, result);
    return { reference, ...(isCaSecret ? withCaBundle(contents) : contents) };
  }
  if (result.error.status === 404) return { reference, state: { state: 'missing' }, version: 'missing' };
  return { reference, state: { state: 'unknown', reason: reasonOf(result.error) }, error: result.error };
}

interface Contents extends Pick<JustRead, 'version' | 'caBundle'> {
  readonly state: ReferenceState & { readonly state: 'found' };
  readonly entries?: readonly HashEntry[];
}

function contentsOf(reference: Reference, result: ApiResult & { readonly ok: true }): Contents {
  const version = metaOf(result.body).resourceVersion;
  // It has no data, so it is no part of the digest either.
  if (reference.kind === 'ServiceAccount') return { state: { state: 'found', keys: new Set() }, version };
  const isSecret = reference.kind === 'Secret';
  const entries = [
    ...entriesOf(recordAt(result.body, 'data'), isSecret ? 'base64' : 'utf8'),
    ...entriesOf(recordAt(result.body, 'binaryData'), 'base64'),
  ];
  const keys = new Set(entries.map((entry) => entry.key));
  return { state: { state: 'found', keys }, entries, version };
}

function withCaBundle(contents: Contents): Contents {
  const value = contents.entries?.find(({ key }) => key === CA_BUNDLE_KEY)?.value;
  const caBundle = value === undefined ? undefined : parseCaBundle(value.toString('utf8'));
  return {
    ...contents,
    state: { ...contents.state, hasCaCertificates: caBundle !== undefined },
    ...(caBundle === undefined ? {} : { caBundle }),
  };
}

/** Values as the pod sees them, not as they travel, so that the digest is the one of the reference operator. */
function entriesOf(data: Readonly<Record<string, unknown>> = {}, encoding: 'utf8' | 'base64'): readonly HashEntry[] {
  return Object.entries(data)
    .flatMap(([key, value]) => (typeof value === 'string' ? [{ key, value: Buffer.from(value, encoding) }] : []))
    .sort((a, b) => compare(a.key, b.key));
}

function reasonOf(error: ApiError): string {
  if (error.status === 403 || error.status === 401) return 'we are not allowed to read it';
  if (error.reason === 'Timeout' || error.reason === 'Aborted') return 'the API server did not answer in time';
  return error.status === 0 ? 'the API server could not be reached' : `the API server answered ${error.status}`;
}

/** One object's part of the digest that the reference operator computes: ConfigMaps by name, then Secrets; keys sorted. */
function addTo(hash: Hash, { kind, name }: Reference, entries: readonly HashEntry[]): void {
  for (const { key, value } of entries) {
    hash.update(`${kind.toLowerCase()}/${name}/${key}=`);
    hash.update(value);
    hash.update('\0');
  }
}

/** By code unit, as Go sorts strings of ASCII; localeCompare depends on the machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** `ConfigMap/settings` */
export function factKey({ kind, name }: Reference): string {
  return `${kind}/${name}`;
}
