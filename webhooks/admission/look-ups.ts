import type { ReferencedKind, ReferenceFacts, ReferenceState } from '../core/engine/facts.ts';
import type { Reference } from '../core/mcpserver/references.ts';
import type { Clock } from '../platform/clock.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { createLargeReads } from '../platform/kube/large-reads.ts';
import type { LargeReads } from '../platform/kube/large-reads.ts';
import { factKey, gatherReferences, whyUnknown } from '../platform/kube/references.ts';
import { Slots } from '../platform/slots.ts';
import type { SlotLimits } from '../platform/slots.ts';
import { createGatewayLookUps, type GatewayLookUpOptions } from './gateway-look-ups.ts';
import type { KeptAnswer } from './kept-reads.ts';
import type { GatherFacts } from './validate.ts';

export interface LookUpLimits {
  /**
   * Objects that one request may have looked up: far more than a server names that somebody wrote, and far fewer than
   * the schema allows (1,000 variables, each from another Secret).
   */
  readonly maxReads: number;
  /** Objects that the process reads in a second, and at once after it read none for long. */
  readonly readsPerSecond: number;
  readonly burst: number;
  /** Of these, so many in a second are one namespace's whenever there are any, and more only while `reservedReads` are left. */
  readonly readsOfNamespace: number;
  readonly reservedReads: number;
  /** Requests that read at the same time: four objects of up to 64 KiB each. */
  readonly readers: SlotLimits;
  /** Requests that wait for a larger object or read it, with up to three smaller ones in hand. */
  readonly largeReaders: SlotLimits;
  /** How long an object that was found is there for other requests, in milliseconds. */
  readonly cacheMs: number;
  readonly maxCached: number;
}

export const defaultLookUpLimits: LookUpLimits = {
  maxReads: 100,
  readsPerSecond: 200,
  burst: 400,
  readsOfNamespace: 100,
  reservedReads: 200,
  readers: { count: 24, ofNamespace: 8, reserved: 6 },
  largeReaders: { count: 8, ofNamespace: 2, reserved: 2 },
  cacheMs: 2_000,
  maxCached: 1_000,
};

/** What an answer is kept for: more keys or longer names than this are no server that somebody wrote. */
const maxKeptKeys = 64;
const maxKeptCharacters = 4_096;

/** What is known of an object after it was looked up. `over-budget`: too many were asked for, of one request or of all. */
export const lookUpResults = ['found', 'missing', 'timeout', 'forbidden', 'over-budget', 'failed'] as const;
export type LookUpResult = (typeof lookUpResults)[number];

export interface LookUpOptions {
  readonly limits?: LookUpLimits;
  /** What of gateways is looked up; default: nothing. */
  readonly atGateways?: Pick<GatewayLookUpOptions, 'isRouting' | 'isRegistering' | 'seesAll'>;
  /** Told of each object of each request, also of one that was found lately. */
  readonly onResult: (result: LookUpResult) => void;
}

const overBudget = {
  state: 'unknown',
  cause: 'OverBudget',
  reason: 'too many objects are being looked up',
} as const satisfies ReferenceState;

/**
 * Looks up what servers name, under one budget for the whole process: whoever reaches the port can have objects read
 * with our rights, so what that costs the API server is bounded, and beyond it nothing is known ("not checked"). No
 * namespace has all of the budget. Nobody waits for a slot: he would hold up those who look nothing up. All reads of a
 * request share its deadline, below the API server's own.
 */
export function createLookUps(
  api: KubeApi,
  clock: Clock,
  { limits = defaultLookUpLimits, onResult, atGateways }: LookUpOptions,
): GatherFacts {
  const takeSlot = createReaderSlots(limits);
  const cache = createCache(clock, limits);
  const budget = createBudget(clock, limits);
  const takeRead = (namespace: string): (() => void) | undefined => {
    const slot = takeSlot(namespace);
    if (slot === undefined) return undefined;
    const leave = (): void => {
      slot.leave();
    };
    if (budget.take(namespace, 1) === 1) return leave;
    leave();
    return undefined;
  };
  const onAnswer = (answer: KeptAnswer): void => {
    onResult(resultOfAnswer(answer));
  };
  const reading = { cacheMs: limits.cacheMs, takeRead, onAnswer };
  const lookUpGateways =
    atGateways === undefined ? undefined : createGatewayLookUps(api, clock, { ...atGateways, ...reading });

  return async (namespace, references, context) => {
    const asked = group(references);
    const known = new Map<string, ReferenceState>();
    for (const [key, one] of asked) {
      const state = cache.get(namespace, key, one);
      if (state !== undefined) known.set(key, state);
    }
    const missing = [...asked].filter(([key]) => !known.has(key));
    const readable = missing.slice(0, limits.maxReads);
    const beyond = new Set(missing.slice(limits.maxReads).map(([key]) => key));
    const tooMany: ReferenceState = { ...overBudget, reason: `only ${limits.maxReads} objects are looked up` };
    const slot = readable.length === 0 ? undefined : takeSlot(namespace);
    if (slot !== undefined) {
      try {
        const read = readable.slice(0, budget.take(namespace, readable.length));
        const { facts } = await gatherReferences(api, {
          namespace,
          references: read.flatMap(([, { all }]) => all),
          deadlineMs: context.remainingMs(),
          signal: context.signal(),
          withHash: false,
          largeReads: slot.largeReads,
        });
        for (const [key, one] of read) {
          const state = facts.lookUp(one.kind, one.name);
          known.set(key, state);
          cache.keep(namespace, key, one, state);
        }
      } finally {
        slot.leave();
      }
    }
    const find = (key: string): ReferenceState => known.get(key) ?? (beyond.has(key) ? tooMany : overBudget);
    for (const key of asked.keys()) onResult(resultOf(find(key)));
    const facts: ReferenceFacts = { lookUp: (kind, name) => find(factKey({ kind, name })) };
    if (lookUpGateways === undefined || !references.some(({ usage }) => usage === 'gateway')) return facts;
    return { ...facts, ...(await lookUpGateways(namespace, { references, facts }, context)) };
  };
}

/** The slot of one request among those that read. */
interface ReaderSlot {
  /** In its turn, and with a slot among those who wait for that instead: there is none when these are taken. */
  readonly largeReads: LargeReads;
  leave(): void;
}

/** Undefined when all slots are taken that the namespace may have. */
type TakeSlot = (namespace: string) => ReaderSlot | undefined;

function createReaderSlots({ readers, largeReaders }: LookUpLimits): TakeSlot {
  const slots = new Slots(readers);
  const largeSlots = new Slots(largeReaders);
  const largeReads = createLargeReads();
  return (namespace) => {
    let leave = slots.takeFree(namespace);
    if (leave === undefined) return undefined;
    return {
      largeReads: {
        async inTurn(group, signal, read) {
          const leaveLarge = largeSlots.takeFree(namespace);
          if (leaveLarge === undefined) return undefined;
          leave?.();
          try {
            return await largeReads.inTurn(group, signal, read);
          } finally {
            leave = await slots.take(namespace, signal);
            leaveLarge();
          }
        },
      },
      leave: () => leave?.(),
    };
  };
}

function resultOf(state: ReferenceState): LookUpResult {
  if (state.state !== 'unknown') return state.state;
  return resultsByCause.get(state.cause ?? '') ?? 'failed';
}

function resultOfAnswer(answer: KeptAnswer): LookUpResult {
  if (answer === 'over-budget') return answer;
  if (answer === 'kept' || answer.ok) return 'found';
  return answer.error.status === 404 ? 'missing' : resultOf({ state: 'unknown', ...whyUnknown(answer.error) });
}

const resultsByCause: ReadonlyMap<string, LookUpResult> = new Map([
  ['Timeout', 'timeout'],
  ['Forbidden', 'forbidden'],
  ['NoTurn', 'over-budget'],
  ['OverBudget', 'over-budget'],
]);

/** Everything that a request asks about one object. */
interface Asked {
  readonly kind: ReferencedKind;
  readonly name: string;
  readonly keys: Set<string>;
  readonly all: Reference[];
  isCaSecret: boolean;
}

function group(references: readonly Reference[]): ReadonlyMap<string, Asked> {
  const asked = new Map<string, Asked>();
  for (const reference of references) {
    const { kind, name, keys, usage } = reference;
    const key = factKey(reference);
    const one = asked.get(key) ?? { kind, name, keys: new Set(), all: [], isCaSecret: false };
    asked.set(key, one);
    for (const wanted of keys) one.keys.add(wanted.key);
    one.all.push(reference);
    one.isCaSecret ||= usage === 'tls-ca';
  }
  return asked;
}

interface Cached {
  readonly asked: Pick<Asked, 'keys' | 'isCaSecret'>;
  readonly state: ReferenceState;
  readonly until: number;
}

interface Cache {
  /** Undefined when nobody asked for all of that lately. */
  get(namespace: string, key: string, asked: Asked): ReferenceState | undefined;
  keep(namespace: string, key: string, asked: Asked, state: ReferenceState): void;
}

/** What was found lately. That something is missing is not kept: a retry after it was made must see it. */
function createCache(clock: Clock, { cacheMs, maxCached }: LookUpLimits): Cache {
  /** In the order of their end. */
  const kept = new Map<string, Cached>();
  return {
    get(namespace, key, asked) {
      const found = kept.get(`${namespace}/${key}`);
      if (found === undefined || found.until <= clock.monotonicMs()) return undefined;
      return covers(found.asked, asked) ? found.state : undefined;
    },
    keep(namespace, key, { keys, isCaSecret }, state) {
      if (state.state !== 'found' || keys.size > maxKeptKeys) return;
      const characters = [...keys].reduce((sum, { length }) => sum + length, namespace.length + key.length);
      if (characters > maxKeptCharacters) return;
      const place = `${namespace}/${key}`;
      kept.delete(place);
      kept.set(place, { asked: { keys, isCaSecret }, state, until: clock.monotonicMs() + cacheMs });
      const [oldest] = kept.keys();
      if (kept.size > maxCached && oldest !== undefined) kept.delete(oldest);
    },
  };
}

/** Whether the answer to the first question is one to the second. */
function covers(first: Cached['asked'], second: Cached['asked']): boolean {
  for (const key of second.keys) if (!first.keys.has(key)) return false;
  return first.isCaSecret || !second.isCaSecret;
}

interface Budget {
  /** How many of so many may be read now. */
  take(namespace: string, wanted: number): number;
}

/** Fills at an even pace up to the burst; what a namespace had of it is forgotten after a second. */
function createBudget(clock: Clock, limits: LookUpLimits): Budget {
  const { readsPerSecond, burst, readsOfNamespace, reservedReads } = limits;
  const had = new Map<string, number>();
  let hadSince = clock.monotonicMs();
  let left = burst;
  let filledAt = hadSince;
  return {
    take(namespace, wanted) {
      const now = clock.monotonicMs();
      left = Math.min(burst, left + ((now - filledAt) * readsPerSecond) / 1000);
      filledAt = now;
      if (now - hadSince >= 1_000) {
        had.clear();
        hadSince = now;
      }
      const before = had.get(namespace) ?? 0;
      const free = Math.max(Math.min(left, readsOfNamespace - before), left - reservedReads);
      const granted = Math.min(wanted, Math.max(0, Math.floor(free)));
      if (granted > 0) had.set(namespace, before + granted);
      left -= granted;
      return granted;
    },
  };
}
