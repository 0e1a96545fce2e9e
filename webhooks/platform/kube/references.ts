import type { ReferencedKind, ReferenceFacts, ReferenceState } from '../../core/engine/facts.ts';
import { isSubdomain } from '../../core/mcpserver/kubernetes-names.ts';
import { CA_BUNDLE_KEY, referableKinds } from '../../core/mcpserver/references.ts';
import type { CaBundle, ReadCaBundle } from '../tls/ca-certificates.ts';
import { abortAfter } from '../timer.ts';
import { objectPath } from './api.ts';
import type { ApiError, ApiRequest, ApiResult, KubeApi } from './api.ts';
import { errorWithoutAnswer } from './api-error.ts';
import type { LargeReads } from './large-reads.ts';
import { ConfigHash } from './config-hash.ts';
import { accessModesOf, ContentsReader } from './object-contents.ts';
import type { Wanted } from './object-contents.ts';

/** One object that an MCPServer names. */
export interface ReferencedObject {
  readonly kind: ReferencedKind;
  readonly name: string;
  /** `tls-ca`: its certificates are wanted, see {@link GatheredReferences.caBundle}. */
  readonly usage?: string;
  /** The keys that are used by name; the facts know of these whether they are there. */
  readonly keys?: readonly { readonly key: string }[];
}

/** What was found out about all of them. */
export interface GatheredReferences {
  readonly facts: ReferenceFacts;
  /** Digest over the data of every object of the pods that was found; absent when there is none, or when one is unknown. */
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
  readonly references: readonly ReferencedObject[];
  /** For all of them together; what has not answered by then is `unknown`. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Of objects that are read; what is named after these is `unknown`. Default: no limit. */
  readonly maxReads?: number;
  /** Whether {@link GatheredReferences.configHash} is of interest. Default: yes. */
  readonly withHash?: boolean;
  /** Of the process: who else reads large objects. Default: nobody. */
  readonly largeReads?: LargeReads;
}

/** Objects that are read at the same time for one server. */
const parallelReads = 4;

/** Longest object that is read beside others, in bytes: nearly every one. A longer one is read again in its turn. */
const maxSmallBytes = 64 * 1024;

/**
 * Longest object that is read at all, in bytes. etcd keeps none above 1.5 MiB, which becomes more than this only when
 * nearly every character has to be escaped.
 */
const maxLargeBytes = 4 * 1024 * 1024;

/**
 * Reads each referenced object once and tells which of the keys that are asked for it has. Values are hashed here and
 * forgotten: they are in no result, no error and no log, except CA certificates, which are public. 404 is `missing`;
 * 403, 5xx, no answer in time and an object that is too large are `unknown` with the reason.
 */
export async function gatherReferences(api: KubeApi, options: GatherOptions): Promise<GatheredReferences> {
  const distinct = toWanted(options.references);
  const { maxReads = distinct.length } = options;
  const wanted = distinct.slice(0, maxReads);
  const reason = wanted.length < distinct.length ? `only ${maxReads} objects are looked up` : 'not looked up';
  const deadline = abortAfter(options.deadlineMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  const { read, digest } = await readAll(api, wanted, { ...options, signal });
  const states = new Map(read.map(({ reference, state }) => [factKey(reference), state]));
  // What is too large stays so until it is changed, which is told by its version.
  const transient = read.find(({ error }) => error !== undefined && error.reason !== 'TooLarge')?.error;
  const [caBundle] = read.flatMap((entry) => (entry.caBundle?.state === 'usable' ? [entry.caBundle.bundle] : []));
  return {
    facts: {
      lookUp: (kind, name) => states.get(factKey({ kind, name })) ?? { state: 'unknown', reason },
    },
    versions: new Map(
      read.flatMap((entry) => (entry.version === undefined ? [] : [[factKey(entry.reference), entry.version]])),
    ),
    ...(digest === undefined ? {} : { configHash: digest }),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(transient === undefined ? {} : { transient }),
  };
}

/** Each object once, with everything that is asked of it anywhere. */
function toWanted(references: readonly ReferencedObject[]): readonly Wanted[] {
  const wanted = new Map<string, Wanted & { readonly keys: Set<string> }>();
  for (const { kind, name, usage, keys = [] } of references) {
    if (name === '') continue;
    const key = factKey({ kind, name });
    const known = wanted.get(key);
    const all = known?.keys ?? new Set();
    for (const asked of keys) all.add(asked.key);
    if (usage === 'tls-ca') all.add(CA_BUNDLE_KEY);
    wanted.set(key, { kind, name, keys: all, ...wantedFor(usage, known) });
  }
  return [...wanted.values()];
}

/** Beside what else it is wanted for. */
function wantedFor(
  usage: string | undefined,
  known: Wanted | undefined,
): Pick<Wanted, 'isCaSecret' | 'isForGateway' | 'isOfPods'> {
  return {
    isCaSecret: usage === 'tls-ca' || known?.isCaSecret === true,
    isForGateway: usage === 'gateway' || known?.isForGateway === true,
    // What a gateway is told is nothing to the pods.
    isOfPods: usage !== 'gateway' || known?.isOfPods === true,
  };
}

interface ReadReference {
  readonly reference: Wanted;
  readonly state: ReferenceState;
  readonly error?: ApiError;
  readonly version?: string;
  readonly caBundle?: ReadCaBundle;
}

interface ReadOptions extends GatherOptions {
  readonly signal: AbortSignal;
}

/** Bytes of a small object as they came, or how its reading failed. */
interface Arrived {
  readonly reference: Wanted;
  readonly result: ApiResult;
  readonly chunks: readonly Buffer[];
}

/**
 * In the order of the digest: small objects a few at a time, large ones alone, whatever else the process reads. Each
 * goes through the hash as bytes and is dropped, so that many never stand in memory together.
 */
async function readAll(
  api: KubeApi,
  wanted: readonly Wanted[],
  options: ReadOptions,
): Promise<{ readonly read: readonly ReadReference[]; readonly digest?: string }> {
  const inOrder = wanted.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
  const read: ReadReference[] = [];
  const hash = options.withHash === false ? undefined : new ConfigHash();
  for (let at = 0; at < inOrder.length; at += parallelReads) {
    const some = inOrder.slice(at, at + parallelReads).map((reference) => readSmall(api, reference, options));
    for (const arrived of await Promise.all(some)) read.push(await takeIn(api, arrived, { ...options, hash }));
  }
  const isWhole = read.every(({ state, reference: { isOfPods } }) => !isOfPods || state.state !== 'unknown');
  const hasData = read.some(
    ({ state, reference: { kind, isOfPods } }) => state.state === 'found' && isOfPods && isOfData(kind),
  );
  return { read, ...(hash !== undefined && isWhole && hasData ? { digest: hash.digest() } : {}) };
}

/** Of the others nothing is part of the digest. */
function isOfData(kind: ReferencedKind): boolean {
  return kind === 'ConfigMap' || kind === 'Secret';
}

async function readSmall(api: KubeApi, reference: Wanted, options: ReadOptions): Promise<Arrived> {
  // Rules refuse it, and a server may have been stored before them: it is no part of a path.
  if (!isSubdomain(reference.name)) return { reference, result: noSuchName, chunks: [] };
  const chunks: Buffer[] = [];
  const onChunk = (chunk: Buffer): void => {
    chunks.push(chunk);
  };
  const result = await api.request({ ...requestFor(reference, options), maxBytes: maxSmallBytes, onChunk });
  return { reference, result, chunks };
}

async function takeIn(
  api: KubeApi,
  { reference, result, chunks }: Arrived,
  options: ReadOptions & { readonly hash: ConfigHash | undefined },
): Promise<ReadReference> {
  const { hash, namespace, signal, largeReads } = options;
  const reader = new ContentsReader({ ...reference, ...(hash === undefined || !reference.isOfPods ? {} : { hash }) });
  if (result.ok || result.error.reason !== 'TooLarge') {
    for (const chunk of chunks) reader.write(chunk);
    const answer = whatWasRead(reference, result, reader);
    return reference.kind === 'PersistentVolumeClaim' ? withAccessModes(answer, chunks) : answer;
  }
  const onChunk = (chunk: Buffer): void => {
    reader.write(chunk);
  };
  const readLarge = (): Promise<ApiResult> =>
    api.request({ ...requestFor(reference, options), maxBytes: maxLargeBytes, onChunk });
  const large = await (largeReads === undefined ? readLarge() : largeReads.inTurn(namespace, signal, readLarge));
  return whatWasRead(reference, large ?? noTurn, reader);
}

/** Of a claim that is too large to be read whole nobody knows them. */
function withAccessModes(answer: ReadReference, chunks: readonly Buffer[]): ReadReference {
  if (answer.state.state !== 'found') return answer;
  const accessModes = accessModesOf(JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown);
  return { ...answer, state: { ...answer.state, accessModes } };
}

function requestFor({ kind, name }: Wanted, { namespace, signal, deadlineMs }: ReadOptions): ApiRequest {
  const { apiVersion, plural, isOfCluster } = referableKinds[kind];
  const path = objectPath({ apiVersion, plural, name, ...(isOfCluster ? {} : { namespace }) });
  return { method: 'GET', path, signal, timeoutMs: deadlineMs };
}

/** Of a name that no object can have. */
const noSuchName: ApiResult = {
  ok: false,
  error: {
    ...errorWithoutAnswer('looking up a reference', { reason: 'NotFound', text: 'no object can be called that' }),
    status: 404,
  },
};

/** Where large objects of others took all the time that there was. */
const noTurn: ApiResult = {
  ok: false,
  error: errorWithoutAnswer('reading a large object', { reason: 'NoTurn', text: 'others were read all the time' }),
};

function whatWasRead(reference: Wanted, result: ApiResult, reader: ContentsReader): ReadReference {
  if (result.ok) return found(reference, reader);
  const { error } = result;
  if (error.status === 404) return { reference, state: { state: 'missing' }, version: 'missing' };
  const state: ReferenceState = { state: 'unknown', ...whyUnknown(error) };
  // As far as it was read: it begins with its version, and is worth another look only in the next one.
  return { reference, state, error, ...(reader.version === '' ? {} : { version: reader.version }) };
}

function found(reference: Wanted, reader: ContentsReader): ReadReference {
  const { kind, name, isCaSecret, isForGateway } = reference;
  const { version, keys, caBundle, settings, problem } = reader.finish();
  if (problem !== undefined) {
    const cause = 'BadAnswer';
    const error = errorWithoutAnswer(`GET ${factKey({ kind, name })}`, { reason: cause, text: problem });
    return { reference, state: { state: 'unknown', reason: problem, cause }, error };
  }
  const certificates = isCaSecret ? { caBundle: caBundle?.state ?? 'none' } : {};
  return {
    reference,
    state: { state: 'found', keys, ...certificates, ...(isForGateway ? { settings } : {}) },
    version,
    ...(caBundle === undefined ? {} : { caBundle }),
  };
}

type Why = Pick<Extract<ReferenceState, { state: 'unknown' }>, 'reason' | 'cause'>;

const timedOut: Why = { cause: 'Timeout', reason: 'the API server did not answer in time' };

/** By `reason` of the error: what stood between us and an answer that says something. */
const whys: Readonly<Record<string, Why>> = {
  Timeout: timedOut,
  Aborted: timedOut,
  TooLarge: { cause: 'TooLarge', reason: `it is larger than ${maxLargeBytes / 1024 / 1024} MiB` },
  NoTurn: { cause: 'NoTurn', reason: 'too many other large objects are being read' },
};

export function whyUnknown({ status, reason }: ApiError): Why {
  if (status === 403 || status === 401) return { cause: 'Forbidden', reason: 'we are not allowed to read it' };
  const known = Object.hasOwn(whys, reason) ? whys[reason] : undefined;
  if (known !== undefined) return known;
  if (status === 0) return { cause: 'Unreachable', reason: 'the API server could not be reached' };
  return { cause: `HTTP${status}`, reason: `the API server answered ${status}` };
}

/** By code unit, as Go sorts strings of ASCII; localeCompare depends on the machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** `ConfigMap/settings` */
export function factKey({ kind, name }: Pick<ReferencedObject, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}
