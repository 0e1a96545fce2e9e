import { oneLine } from '../engine/text.ts';
import { FIELD_MANAGER, STATUS_FIELD_MANAGER } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import { fieldsIn, listIn, numberIn, textIn } from './raw-fields.ts';
import { gatewayNamespaceOf, takenBy, takenByIngress } from './route-takes.ts';

/** What an object that registers a server at a gateway, or publishes it, says of that in its status: as little of it as decisions need. */
export interface Registration {
  /**
   * When it became what it is now, RFC 3339, or was told to go: whoever has to answer has had the time since then. Absent:
   * nobody knows.
   */
  readonly appliedAt?: string;
  readonly answer: Answer;
  /** Of an MCPGatewayBinding: of its spec. */
  readonly generation?: number;
  /** Of an MCPGatewayBinding, which has no other. */
  readonly provider?: string;
  /** Of an MCPGatewayBinding that is to go: its finalizers, bounded and on one line. Absent: it has none, or stays. */
  readonly finalizers?: string;
  /** Of an MCPGatewayBinding: where its provider says that clients reach the server. Of an Ingress: its host, as a URL. */
  readonly url?: string;
  /** Of an MCPGatewayBinding: what stands there, as it was written. */
  readonly said?: SaidOfBinding;
  /** Of an MCPGatewayBinding: what stands there is ours, so no other provider has said it. */
  readonly isSaidByUs?: true;
  /** Of an HTTPRoute or an Ingress that somebody has taken: from `takenBy`, `takenByIngress`; absent where there is nothing. */
  readonly takes?: readonly string[];
  /** Of an HTTPRoute: where the Gateway is that it names, whether or not that has taken it. */
  readonly gatewayNamespace?: string;
  /** Of an Ingress. */
  readonly className?: string;
  /** Of an MCPServerRegistration. */
  readonly prefix?: string;
}

/** The condition Registered, as it stands in a binding. */
export interface SaidOfBinding {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

export type Answer =
  /** Nobody has looked at the object, or not at its newest spec. */
  | { readonly state: 'none' | 'stale' }
  /** `leftOut`: of a route of which the gateway takes some rules only, in its words, bounded and on one line. */
  | { readonly state: 'yes'; readonly leftOut?: string }
  /** `reason`, `message`: in the words of the gateway, bounded and on one line. */
  | { readonly state: 'no'; readonly reason: string; readonly message: string };

/** Longest message that is kept, in characters. */
export const maxSaidLength = 512;

/** Of texts that a gateway writes, in characters. */
const limits = {
  ...{ reason: 128, message: maxSaidLength, url: 2_048, provider: 253, finalizers: 256, host: 253, namespace: 63 },
  ...{ conditions: 16, parents: 32 },
};

/** What a controller says of the binding; `raw` is whatever the API server sent. */
export function readBinding(raw: unknown): Registration {
  const status = fieldsIn(raw, 'status');
  const found = listIn(status, 'conditions').find((one) => textIn(one, 'type') === 'Registered');
  const generation = numberIn(fieldsIn(raw, 'metadata'), 'generation') ?? 0;
  const provider = providerAsRead(textIn(fieldsIn(raw, 'spec'), 'provider'));
  const url = textIn(status, 'url');
  const deletedAt = oneLine(textIn(fieldsIn(raw, 'metadata'), 'deletionTimestamp'), limits.reason);
  return present({
    appliedAt: deletedAt === '' ? appliedAt(raw) : deletedAt,
    finalizers: deletedAt === '' ? undefined : finalizersIn(raw),
    answer: answerOf(found, generation),
    generation,
    provider,
    // One that is cut leads nowhere.
    url: url === '' || url.length > limits.url ? undefined : oneLine(url, limits.url),
    said: found === undefined ? undefined : saidIn(found),
    isSaidByUs: isSaidByUs(raw) ? (true as const) : undefined,
  });
}

/** Whoever writes other words takes them over: https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts */
function isSaidByUs(raw: unknown): boolean {
  const ours = listIn(fieldsIn(raw, 'metadata'), 'managedFields').find(
    (one) => textIn(one, 'manager') === STATUS_FIELD_MANAGER && textIn(one, 'operation') === 'Apply',
  );
  const conditions = fieldsIn(fieldsIn(fieldsIn(ours, 'fieldsV1'), 'f:status'), 'f:conditions');
  return fieldsIn(fieldsIn(conditions, 'k:{"type":"Registered"}'), 'f:message') !== undefined;
}

/** As it is kept of a binding: who compares it with another one has to have that in the same form. */
export function providerAsRead(provider: string): string {
  return oneLine(provider, limits.provider);
}

function finalizersIn(raw: unknown): string | undefined {
  const named = fieldsIn(raw, 'metadata')?.['finalizers'];
  const texts = Array.isArray(named) ? named.filter((one) => typeof one === 'string') : [];
  return texts.length === 0 ? undefined : oneLine(texts.join(', '), limits.finalizers);
}

function saidIn(condition: Fields): SaidOfBinding {
  const { reason, message } = wordsOf(condition);
  const observedGeneration = numberIn(condition, 'observedGeneration');
  const lastTransitionTime = oneLine(textIn(condition, 'lastTransitionTime'), limits.reason);
  const status = oneLine(textIn(condition, 'status'), limits.reason);
  return present({ status, reason, message, observedGeneration, lastTransitionTime });
}

/**
 * What gateways say of an HTTPRoute, of the first of its parents: we name one. Several controllers may have looked at it, and
 * one that takes it is enough. https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus
 */
export function readRoute(raw: unknown): Registration {
  const generation = numberIn(fieldsIn(raw, 'metadata'), 'generation') ?? 0;
  const [wanted] = listIn(fieldsIn(raw, 'spec'), 'parentRefs');
  const answers = listIn(fieldsIn(raw, 'status'), 'parents')
    .slice(0, limits.parents)
    .filter((parent) => isSameParent(fieldsIn(parent, 'parentRef'), wanted, raw))
    .map((parent) => answerOfParent(parent, generation));
  const [first = { state: 'none' as const }] = answers;
  const answer = answers.find(({ state }) => state === 'yes') ?? first;
  // One that was taken, and changed, is routed as it was until the gateway has looked at it.
  const takes = answer.state === 'yes' || answer.state === 'stale' ? takenBy(raw) : [];
  return present({
    appliedAt: appliedAt(raw),
    answer,
    takes: takes.length === 0 ? undefined : takes,
    gatewayNamespace: wanted === undefined ? undefined : oneLine(gatewayNamespaceOf(wanted, raw), limits.namespace),
  });
}

/**
 * An ingress controller says where it takes calls for an Ingress, and nothing else: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressStatus
 */
export function readIngress(raw: unknown): Registration {
  const [rule] = listIn(fieldsIn(raw, 'spec'), 'rules');
  const host = oneLine(textIn(rule, 'host'), limits.host);
  const scheme = listIn(fieldsIn(raw, 'spec'), 'tls').length === 0 ? 'http' : 'https';
  const addresses = listIn(fieldsIn(fieldsIn(raw, 'status'), 'loadBalancer'), 'ingress');
  const className = textIn(fieldsIn(raw, 'spec'), 'ingressClassName');
  const isTaken = addresses.some((one) => textIn(one, 'ip') !== '' || textIn(one, 'hostname') !== '');
  const takes = isTaken ? takenByIngress(raw) : [];
  return present({
    appliedAt: appliedAt(raw),
    answer: { state: isTaken ? 'yes' : 'none' } as const,
    takes: takes.length === 0 ? undefined : takes,
    url: host === '' ? undefined : `${scheme}://${host}`,
    className: className === '' ? undefined : oneLine(className, limits.host),
  });
}

/** What the controller of the MCP gateway of Kuadrant says: that it has written the server into the configuration of the gateway. */
export function readServerRegistration(raw: unknown): Registration {
  const generation = numberIn(fieldsIn(raw, 'metadata'), 'generation') ?? 0;
  const ready = listIn(fieldsIn(raw, 'status'), 'conditions')
    .slice(0, limits.conditions)
    .find((one) => textIn(one, 'type') === 'Ready');
  const prefix = textIn(fieldsIn(raw, 'spec'), 'prefix');
  return present({
    appliedAt: appliedAt(raw),
    answer: answerOf(ready, generation),
    prefix: prefix === '' ? undefined : prefixAsRead(prefix),
  });
}

/** As it is kept of a registration: who compares it with another one has to have that in the same form. */
export function prefixAsRead(prefix: string): string {
  return oneLine(prefix, limits.host);
}

function isSameParent(a: Fields | undefined, b: Fields | undefined, raw: unknown): boolean {
  return textIn(a, 'name') === textIn(b, 'name') && gatewayNamespaceOf(a, raw) === gatewayNamespaceOf(b, raw);
}

/** Accepted, and what it refers to was found: a condition that is not there says nothing bad. */
function answerOfParent(parent: Fields, generation: number): Answer {
  const conditions = listIn(parent, 'conditions').slice(0, limits.conditions);
  const answers = ['Accepted', 'ResolvedRefs'].map((type) =>
    answerOf(
      conditions.find((one) => textIn(one, 'type') === type),
      generation,
    ),
  );
  const [accepted = { state: 'none' as const }] = answers;
  if (accepted.state !== 'yes') return accepted;
  return answers.find(({ state }) => state === 'no') ?? present({ ...accepted, leftOut: leftOutIn(conditions) });
}

/** https://gateway-api.sigs.k8s.io/reference/spec/#routeconditiontype: PartiallyInvalid */
function leftOutIn(conditions: readonly Fields[]): string | undefined {
  const found = conditions.find(
    (one) => textIn(one, 'type') === 'PartiallyInvalid' && textIn(one, 'status') === 'True',
  );
  if (found === undefined) return undefined;
  const { reason, message } = wordsOf(found);
  return `${message} (${reason})`;
}

function answerOf(condition: Fields | undefined, generation: number): Answer {
  if (condition === undefined) return { state: 'none' };
  // Where a controller does not say of which spec it speaks, it is taken at its word.
  if ((numberIn(condition, 'observedGeneration') ?? generation) < generation) return { state: 'stale' };
  return textIn(condition, 'status') === 'True' ? { state: 'yes' } : { state: 'no', ...wordsOf(condition) };
}

function wordsOf(condition: Fields): { readonly reason: string; readonly message: string } {
  return {
    reason: oneLine(textIn(condition, 'reason'), limits.reason),
    message: oneLine(textIn(condition, 'message'), limits.message),
  };
}

/** API servers note when an apply of ours changed something, and nothing when it did not. */
function appliedAt(raw: unknown): string | undefined {
  const entry = listIn(fieldsIn(raw, 'metadata'), 'managedFields').find(
    (one) => textIn(one, 'manager') === FIELD_MANAGER && textIn(one, 'subresource') === '',
  );
  const time = textIn(entry, 'time');
  return time === '' ? undefined : oneLine(time, limits.reason);
}
