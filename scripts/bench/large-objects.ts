import { renderAdmissionReview } from '../../webhooks/admission/admission-review.ts';
import type { CallContext } from '../../webhooks/admission/handler.ts';
import { createMutate } from '../../webhooks/admission/mutate.ts';
import { parseReview } from '../../webhooks/admission/parse-review.ts';
import { createValidate } from '../../webhooks/admission/validate.ts';
import type { ReferenceFacts } from '../../webhooks/core/engine/facts.ts';
import { builtInPolicy } from '../../webhooks/core/rules/built-in-policy.ts';
import { worstServers } from './large-objects/worst-servers.ts';
import type { Figure, Measurement } from './measurement.ts';

const bytes = 1_400_000;

/** Milliseconds; others wait for so long. */
const longest = 250;

const bar = { what: 'CPU of one update at both webhooks, the slowest field', bar: `< ${longest} ms` };

export const largeObjects: Measurement = {
  name: 'large-objects',
  method:
    'For every list, map and text of the schema an MCPServer in which it is as large as 1.4 MB (or the schema, or the ' +
    'limit of values in a body) allows, with different members, equal ones and texts that parsers find hard; an update ' +
    'that leaves it as it was is parsed, mutated, validated and answered in one process. The least of three.',
  minutes: 3,
  bars: [bar],
  async run(progress) {
    let slowest = { name: '', milliseconds: 0 };
    let count = 0;
    let refused = 0;
    for (const { name, object } of worstServers(bytes)) {
      const milliseconds = await timeOf(toUpdate(object));
      count += 1;
      if (milliseconds === undefined) refused += 1;
      else if (milliseconds > slowest.milliseconds) slowest = { name, milliseconds };
      if (milliseconds !== undefined && milliseconds > longest / 2) progress(`${name}: ${milliseconds.toFixed(0)} ms`);
    }
    return [toFigure(slowest, `${count} objects, ${refused} of them refused unread`)];
  },
};

function toFigure(
  { name, milliseconds }: { readonly name: string; readonly milliseconds: number },
  of: string,
): Figure {
  const remark = `${name}; of ${of}`;
  return { ...bar, measured: `${milliseconds.toFixed(0)} ms`, isMet: milliseconds < longest, remark };
}

function toUpdate(object: unknown): Buffer {
  const kind = { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' };
  const request = {
    uid: 'uid',
    kind,
    operation: 'UPDATE',
    name: 'search',
    namespace: 'mcp',
    object,
    oldObject: object,
  };
  return Buffer.from(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }));
}

const onSkipped = (): void => undefined;
const nothing: ReferenceFacts = { lookUp: () => ({ state: 'missing' }) };
const gatherFacts = (): Promise<ReferenceFacts> => Promise.resolve(nothing);
const handlers = [
  createMutate({ policy: builtInPolicy, onSkipped }),
  createValidate({ policy: builtInPolicy, gatherFacts, onSkipped, now: () => new Date().toISOString() }),
];
const context: CallContext = { remainingMs: () => 5_000, signal: () => new AbortController().signal };

/** Of the processor, in milliseconds; undefined for a body that is refused before it is parsed. */
async function timeOf(body: Buffer): Promise<number | undefined> {
  let least = Infinity;
  for (let round = 0; round < 3; round += 1) {
    const before = process.threadCpuUsage();
    const review = parseReview(body);
    if (!review.ok) return undefined;
    for (const handler of handlers) renderAdmissionReview('uid', await handler(review.request, context));
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
