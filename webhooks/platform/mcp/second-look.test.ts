import { describe, expect, it } from '@jest/globals';

import { useHeldTime } from '../http/testing/held-time.ts';
import { idsFrom } from './mcp-call.ts';
import { clusterBudget } from './probe-budget.ts';
import { createProbeCost, maxCpuMs } from './probe-cost.ts';
import type { CpuMeter } from './probe-cost.ts';
import { lookAgain } from './second-look.ts';
import type { Answering } from './testing/answering-server.ts';
import { useAnswering } from './testing/use-answering.ts';

useHeldTime();
const serve = useAnswering();

/** What a look finds out about a server that answers GET like this, and whom it asked. */
async function look(answer: Answering, { cpuMs }: { readonly cpuMs?: CpuMeter } = {}) {
  const server = await serve({ GET: answer });
  const cost = createProbeCost({ owner: 'mcp', ...(cpuMs === undefined ? {} : { cpuMs }) });
  const endsAt = performance.now() + 10_000;
  const call = {
    ...{
      url: new URL(server.url),
      tls: undefined,
      clientVersion: '1',
      countsOffers: false,
      budget: clusterBudget,
      cost,
      nextId: idsFrom(1),
    },
    ...{ signal: new AbortController().signal },
    deadlines: { firstEra: endsAt, verdict: endsAt, lists: endsAt, end: endsAt },
  };
  // What the messages before it took.
  cost.start()();
  const { looks } = await lookAgain(call, { state: 'failed', message: 'x' }, { isClosed: false, httpStatus: 405 });
  return { path: looks.eventStreamPath, asked: server.methods() };
}

const stream =
  (...pieces: readonly string[]): Answering =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(piece);
  };
const endpoint = 'event: endpoint\ndata: /messages\n\n';

/** Each look at the meter finds that so much time was spent since the one before. */
function spending(eachMs: number): CpuMeter {
  let spent = 0;
  return () => (spent += eachMs);
}

describe('a second look', () => {
  it.each([
    ['that names its endpoint', stream(endpoint), '/mcp'],
    [
      'that does so in pieces, after a comment',
      stream(': hello\r\n\r\neve', 'nt:endpoint\r\n', 'data:/m\r\n\r\n'),
      '/mcp',
    ],
    ['of other events', stream('event: message\ndata: /messages\n\n'), ''],
    ['whose event before was one without data', stream(`event: endpoint\n\nevent: x\ndata: /messages\n\n`), ''],
    ['whose events have no names', stream('data: endpoint\n\n'), ''],
    ['that names it after more than 4 KiB', stream(`: ${'x'.repeat(5_000)}\n`, endpoint), ''],
    ['that names it in a language of its own', stream(`event: ${'endpoint'.repeat(20_000)}`), ''],
  ])('at a stream %s', async (_, answer, path) => {
    // The second one at the path that such servers mostly have.
    const asked = path === '' ? ['GET', 'GET'] : ['GET'];
    expect(await look(answer)).toEqual({ path, asked });
  });

  it('is not taken when the probe has had its CPU time', async () => {
    expect(await look(stream(endpoint), { cpuMs: spending(maxCpuMs + 1) })).toEqual({ path: '', asked: [] });
  });

  it('ends when what it reads takes more CPU time than the probe has left', async () => {
    const pieces = Array.from({ length: 1_000 }, () => ':\n');
    const seen = await look(stream(...pieces, endpoint), { cpuMs: spending(maxCpuMs - 1) });
    expect(seen).toEqual({ path: '', asked: ['GET'] });
  });
});
