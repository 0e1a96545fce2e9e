/**
 * The wire types of admission.k8s.io/v1, as far as we read and write them, and the four answers that a handler can
 * give. Source: https://kubernetes.io/docs/reference/config-api/apiserver-admission.v1/
 */

import type { PatchOperation } from '../core/defaults/json-patch.ts';
import { renderMessage, type DenialCause } from '../core/engine/render.ts';
import { isRecord } from '../core/mcpserver/record.ts';
import type { FoundInRequest } from './metrics.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The part of an AdmissionReview request that decisions need. */
export interface AdmissionRequest {
  readonly uid: string;
  /** What `object` is; it may differ from what the client sent (matchPolicy Equivalent). */
  readonly kind: GroupVersionKind;
  readonly subResource: string;
  readonly operation: Operation;
  /** Empty for an object that asks for a generated name, until it has one. */
  readonly name: string;
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly userName: string;
  /** Undefined for DELETE. */
  readonly object: unknown;
  /** Undefined for CREATE and CONNECT. */
  readonly oldObject: unknown;
}

export type ParsedAdmissionReview =
  | { readonly ok: true; readonly request: AdmissionRequest }
  /** One sentence for the client: it gets a 400. */
  | { readonly ok: false; readonly problem: string };

const operations: ReadonlySet<string> = new Set<Operation>(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);

/** Reads the body of an admission call, which anybody who can reach the port may have sent. */
export function parseAdmissionReview(body: unknown): ParsedAdmissionReview {
  if (!isRecord(body) || body['kind'] !== 'AdmissionReview' || body['apiVersion'] !== 'admission.k8s.io/v1') {
    return problem('The body is not an AdmissionReview of admission.k8s.io/v1.');
  }
  const request = body['request'];
  if (!isRecord(request)) return problem('The AdmissionReview has no request.');
  const { uid, kind, operation } = request;
  if (typeof uid !== 'string' || uid === '' || uid.length > maxUidLength) {
    return problem(`request.uid must be a text of 1 to ${maxUidLength} characters.`);
  }
  if (!isOperation(operation)) return problem('request.operation must be CREATE, UPDATE, DELETE or CONNECT.');
  if (!isRecord(kind)) return problem('request.kind is missing.');
  return {
    ok: true,
    request: {
      uid,
      kind: { group: textIn(kind, 'group'), version: textIn(kind, 'version'), kind: textIn(kind, 'kind') },
      subResource: textIn(request, 'subResource'),
      operation,
      name: textIn(request, 'name'),
      namespace: textIn(request, 'namespace'),
      dryRun: request['dryRun'] === true,
      userName: textIn(request['userInfo'], 'username'),
      object: request['object'] ?? undefined,
      oldObject: request['oldObject'] ?? undefined,
    },
  };
}

/** A UID of Kubernetes has 36 characters; we echo it, so it is bounded. */
const maxUidLength = 128;

/** What is said beside the verdict. */
interface Remarks {
  /** Shown by kubectl, at most 120 characters each. */
  readonly warnings?: readonly string[];
  /** The API server puts the webhook's name in front of each key: `validate.mcp.x-k8s.io/decision`. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  /** For metrics; not sent. */
  readonly found?: readonly FoundInRequest[];
}

/** What a handler decided. The verb says what the client sees. */
export type Answer =
  | (Remarks & { readonly decision: 'allowed' })
  | (Remarks & {
      readonly decision: 'denied';
      readonly of: { readonly group: string; readonly kind: string; readonly name: string };
      /** `status.details.causes[]`: kubectl prints "field: message". All in one line they are the message of the status. */
      readonly causes: readonly DenialCause[];
      /** The rules that denied, each once; for metrics. */
      readonly ruleIds: readonly string[];
    })
  | (Remarks & { readonly decision: 'patched'; readonly patch: readonly PatchOperation[] })
  /** Our bug. `isAllowed` says what happens to the request meanwhile. */
  | (Remarks & { readonly decision: 'errored'; readonly isAllowed: boolean; readonly message: string });

export type AnswerDecision = Answer['decision'];

export function allowed(remarks: Remarks = {}): Answer {
  return { decision: 'allowed', ...remarks };
}

/** The user's mistake: 422 Invalid, so that kubectl prints one line for each cause. */
export function denied(denial: Omit<Extract<Answer, { decision: 'denied' }>, 'decision'>): Answer {
  return { decision: 'denied', ...denial };
}

/** Allowed with changes. An empty patch is not sent. */
export function patched(patch: readonly PatchOperation[], remarks: Remarks = {}): Answer {
  return patch.length === 0 ? allowed(remarks) : { decision: 'patched', patch, ...remarks };
}

/** Our bug, told with the request's UID; the message must help whoever reads it to find the log line. */
export function errored(error: Omit<Extract<Answer, { decision: 'errored' }>, 'decision'>): Answer {
  return { decision: 'errored', ...error };
}

/** The AdmissionReview that goes back, as JSON; always with HTTP status 200. Written out, because most answers are one of two. */
export function renderAdmissionReview(uid: string, answer: Answer): string {
  const { warnings, auditAnnotations } = answer;
  const said = warnings === undefined || warnings.length === 0 ? '' : `,"warnings":[${warnings.map(quote).join(',')}]`;
  const noted = auditAnnotations === undefined ? '' : `,"auditAnnotations":${JSON.stringify(auditAnnotations)}`;
  const response = `{"uid":${JSON.stringify(uid)},${renderVerdict(answer)}${said}${noted}}`;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":${response}}`;
}

/** The fields of the verdict. */
function renderVerdict(answer: Answer): string {
  switch (answer.decision) {
    case 'allowed':
      return '"allowed":true';
    case 'patched': {
      const patch = Buffer.from(JSON.stringify(answer.patch)).toString('base64');
      return `"allowed":true,"patchType":"JSONPatch","patch":"${patch}"`;
    }
    case 'denied':
      return renderDenied(answer);
    case 'errored': {
      if (answer.isAllowed) return '"allowed":true';
      const reason = '"status":"Failure","code":500,"reason":"InternalError"';
      return `"allowed":false,"status":{${reason},"message":${JSON.stringify(answer.message)}}`;
    }
  }
}

/** Each text is in it twice, in its cause and in the message, and is escaped once. */
function renderDenied({ of, causes }: Extract<Answer, { decision: 'denied' }>): string {
  const escaped = causes.map(({ field, message }) => ({ field: escape(field), message: escape(message) }));
  let listed = '';
  for (const { field, message } of escaped) {
    listed += `${listed === '' ? '' : ','}{"reason":"FieldValueInvalid","message":"${message}","field":"${field}"}`;
  }
  const object = `"group":"${escape(of.group)}","kind":"${escape(of.kind)}","name":"${escape(of.name)}"`;
  const status = `"status":"Failure","code":422,"reason":"Invalid","message":"${renderMessage(escaped)}"`;
  return `"allowed":false,"status":{${status},"details":{${object},"causes":[${listed}]}}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** As it stands between the quotes in JSON. Short texts one by one: the engine takes ten times as long for one of a few KiB. */
function escape(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length === text.length + '""'.length ? text : quoted.slice(1, -1);
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'string' && operations.has(value);
}

function textIn(value: unknown, field: string): string {
  const found = isRecord(value) ? value[field] : undefined;
  return typeof found === 'string' ? found : '';
}

function problem(text: string): ParsedAdmissionReview {
  return { ok: false, problem: text };
}
