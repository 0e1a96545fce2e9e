import type { IncomingMessage, ServerResponse } from 'node:http';
import { discardBody } from './discard-body.ts';
import type { BodyRefusal, ShedReason } from './metrics.ts';

/** An answer that is no AdmissionReview. API servers show the message of a Status to the user. */
export interface Refusal {
  readonly status: number;
  /** `reason` of the Status. */
  readonly reason: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const retryLater = { 'retry-after': '1' };

/** What is said for each reason to refuse a body. */
export const bodyRefusals = {
  'content type': refusal(415, 'UnsupportedMediaType', 'Send an AdmissionReview as application/json.'),
  compressed: refusal(415, 'UnsupportedMediaType', 'Compressed bodies are refused: send plain JSON.'),
  bytes: refusal(413, 'RequestEntityTooLarge', 'The body is larger than an AdmissionReview can be (7 MiB).'),
  values: refusal(413, 'RequestEntityTooLarge', 'The body consists of more values than an MCPServer can have.'),
  depth: refusal(413, 'RequestEntityTooLarge', 'The body is nested deeper than an MCPServer can be.'),
  json: refusal(400, 'BadRequest', 'The body is not JSON.'),
  review: refusal(400, 'BadRequest', 'The body is not an AdmissionReview.'),
  slow: refusal(408, 'Timeout', 'The body did not arrive in time.'),
} as const satisfies Record<BodyRefusal, Refusal>;

/** What is said to a request that is turned away for load. */
export const shedRefusals = {
  full: {
    ...refusal(503, 'ServiceUnavailable', 'Too many admission requests at once: try again.'),
    headers: retryLater,
  },
  waited: {
    ...refusal(503, 'ServiceUnavailable', 'Busy with other admission requests: try again.'),
    headers: retryLater,
  },
} as const satisfies Record<Exclude<ShedReason, 'connections' | 'client certificate'>, Refusal>;

export function refusal(status: number, reason: string, message: string): Refusal {
  return { status, reason, message };
}

/** The Status object that API servers and kubectl understand. */
function renderStatus({ status, reason, message }: Refusal): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message });
}

/**
 * Answers with the refusal. It closes the connection too, because no API server sends what is refused; only a caller that
 * is told to try again keeps its connection.
 */
export async function refuse(request: IncomingMessage, response: ServerResponse, refused: Refusal): Promise<void> {
  await discardBody(request);
  const body = renderStatus(refused);
  response.writeHead(refused.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...refused.headers,
    ...(request.complete && refused.headers === retryLater ? {} : { connection: 'close' }),
  });
  response.end(body);
}
