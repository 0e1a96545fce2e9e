import { oneLine } from '../../core/engine/text.ts';
import type { ApiError } from './api.ts';
import { networkErrorText } from './network-error.ts';
import { listAt, numberAt, recordAt, stringAt } from './object.ts';

/** Longest message that we pass on, in characters: an API server can quote a whole object back. */
const maxMessageLength = 2_000;

/** Longest Retry-After that we believe, in milliseconds; a typo of the other side must not stop us for a day. */
const maxRetryAfterMs = 120_000;

/**
 * How an API server says, with a 500, that what was applied (or what is stored) does not fit its schema: a field that an
 * older cluster does not know. Sending it again does not help.
 */
const isNonsense = /failed to create typed (?:patch|live) object/;

/** "GET configmaps mcp/settings": names the request without its host, query or body. */
export function describeRequest(method: string, path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  const rest = segments.slice(segments[0] === 'api' ? 2 : 3);
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
  const namespace = isNamespaced ? decodeURIComponent(rest[1] ?? '') : undefined;
  const [plural, name, subresource] = isNamespaced ? rest.slice(2) : rest;
  const kind = [plural ?? path, subresource].filter((part) => part !== undefined).join('/');
  const owner = [namespace, name === undefined ? undefined : decodeURIComponent(name)].filter(
    (part) => part !== undefined,
  );
  return [method, kind, owner.join('/')].filter((part) => part !== '').join(' ');
}

/** Whether it is refused to us, and another account may be answered. */
export function isForWantOfRights({ status }: Pick<ApiError, 'status'>): boolean {
  return status === 401 || status === 403;
}

/** Which failure it is, in no words: the reason, and the fields that the object was refused for. */
export function causeOf({ reason, fields = [] }: Pick<ApiError, 'reason' | 'fields'>): string {
  return [reason, ...fields].join(' ');
}

/** An answer with a status of 400 and above; `body` is the Status object, if it is one. */
export function errorFromAnswer(options: {
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter?: string | undefined;
}): ApiError {
  const { request, status, body } = options;
  const found = stringAt(body, 'message') ?? `HTTP ${status}`;
  const retryAfterMs =
    retryAfter(options.retryAfter) ?? retryAfter(numberAt(recordAt(body, 'details'), 'retryAfterSeconds'));
  return {
    status,
    reason: reasonOf(body) ?? `HTTP${status}`,
    message: oneLine(`${request}: ${found}`, maxMessageLength),
    ...fieldsOf(body),
    retry: (status === 408 || status === 409 || status === 429 || status >= 500) && !isNonsense.test(found),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/**
 * Causes that say more than the reason beside them: a namespace on its way out refuses new objects with a plain
 * Forbidden, and a version that is yet to come is a Timeout.
 */
const tellingCauses = ['NamespaceTerminating', 'ResourceVersionTooLarge'];

function reasonOf(body: unknown): string | undefined {
  const causes = causesOf(body).map((cause) => stringAt(cause, 'reason'));
  return tellingCauses.find((cause) => causes.includes(cause)) ?? stringAt(body, 'reason');
}

/** Most fields that are kept of one refusal, and the longest name of one. */
const maxFields = 20;
const maxFieldLength = 200;

function fieldsOf(body: unknown): Pick<ApiError, 'fields'> {
  const fields = causesOf(body)
    .slice(0, maxFields)
    .flatMap((cause) => stringAt(cause, 'field') ?? []);
  return fields.length === 0 ? {} : { fields: fields.map((field) => oneLine(field, maxFieldLength)) };
}

function causesOf(body: unknown): readonly unknown[] {
  return listAt(recordAt(body, 'details'), 'causes');
}

/** No usable answer came: the connection, TLS, time or the size was the problem. */
export function errorWithoutAnswer(request: string, why: { readonly reason: string; readonly text: string }): ApiError {
  return { status: 0, reason: why.reason, message: oneLine(`${request}: ${why.text}`, maxMessageLength), retry: true };
}

export function unreachable(request: string, error: unknown): ApiError {
  return errorWithoutAnswer(request, { reason: 'Unreachable', text: networkErrorText(error) });
}

function retryAfter(seconds: string | number | undefined): number | undefined {
  const value = Number(seconds);
  if (seconds === undefined || !Number.isFinite(value) || value < 0) return undefined;
  return Math.min(value * 1_000, maxRetryAfterMs);
}
