import { oneLine } from '../core/engine/text.ts';
import { guardJson } from './json-guard.ts';
import { listAt, recordAt, stringAt } from './kube/object.ts';
import { errorText } from './log.ts';
import { abortAfter } from './timer.ts';

/** One of the series that a query answers, with its value now. */
export interface Sample {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export type PrometheusAnswer =
  | { readonly ok: true; readonly samples: readonly Sample[] }
  /** `why`: a clause on one line. */
  | { readonly ok: false; readonly why: string };

export interface Prometheus {
  /** Never rejects. */
  query(promql: string): Promise<PrometheusAnswer>;
}

/** Of one answer: twenty thousand series with three labels each are a tenth of it. */
const limits = { bytes: 32 * 1024 * 1024, maxTokens: 1_000_000, maxDepth: 8, samples: 100_000, said: 200 };

/** What looks back at weeks takes its time. */
const timeoutMs = 60_000;

/**
 * Asks what speaks the HTTP API of Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries. A user
 * and a password in the URL are sent as such. It is followed to no other place, and whatever it answers is bounded.
 */
export function createPrometheus(url: URL): Prometheus {
  const { username, password } = url;
  const at = new URL(`${url.pathname.replace(/\/+$/, '')}/api/v1/query`, url.origin);
  const user = `${decoded(username)}:${decoded(password)}`;
  const headers = user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  return {
    async query(promql) {
      try {
        const body = new URLSearchParams({ query: promql });
        const signal = abortAfter(timeoutMs);
        const response = await fetch(at, { method: 'POST', body, headers, signal, redirect: 'error' });
        const bytes = await readBytes(response);
        return bytes === undefined
          ? { ok: false, why: `its answer is longer than ${limits.bytes / 1024 / 1024} MiB` }
          : toAnswer(bytes, response.status);
      } catch (error) {
        return { ok: false, why: oneLine(errorText(error), limits.said) };
      }
    },
  };
}

/** As it is written where that is no code: a password may have a "%". */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Undefined where there are too many. */
async function readBytes({ body }: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop ends the connection.
    if (length > limits.bytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toAnswer(bytes: Buffer, status: number): PrometheusAnswer {
  const verdict = guardJson(bytes, limits);
  if (verdict !== 'fine') return { ok: false, why: `its answer has ${verdict}` };
  const answer = parse(bytes);
  const said = stringAt(answer, 'error') ?? '';
  if (stringAt(answer, 'status') !== 'success') {
    const more = said === '' ? '' : `: ${oneLine(said, limits.said)}`;
    return { ok: false, why: `it answered HTTP ${status}${more}` };
  }
  const data = recordAt(answer, 'data');
  if (stringAt(data, 'resultType') !== 'vector') return { ok: false, why: 'it answered no vector' };
  const [warning] = listAt(answer, 'warnings');
  // Of what is not whole nobody can tell what is missing: a server that was called would look idle.
  if (warning !== undefined)
    return {
      ok: false,
      why: `its answer may not be whole: ${oneLine(typeof warning === 'string' ? warning : '', limits.said)}`,
    };
  const found = listAt(data, 'result');
  if (found.length > limits.samples) return { ok: false, why: `it answered more than ${limits.samples} series` };
  return { ok: true, samples: found.flatMap((one) => toSample(one) ?? []) };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function toSample(raw: unknown): Sample | undefined {
  const value = Number(listAt(raw, 'value')[1]);
  if (!Number.isFinite(value)) return undefined;
  const labels = Object.entries(recordAt(raw, 'metric') ?? {});
  return { value, labels: new Map(labels.filter((entry): entry is [string, string] => typeof entry[1] === 'string')) };
}
