import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ProtocolEra } from '../../core/plan/observed.ts';
import { useHeldTime } from '../http/testing/held-time.ts';
import type { ProbeMemory } from './probe-memory.ts';
import { probeMcpServer } from './probe.ts';
import type { ProbeResult } from './probe.ts';
import { handshakeVersions } from './protocol-versions.ts';
import { answer, hangUp, refuse } from './testing/answering-server.ts';
import type { Answering, Asked } from './testing/answering-server.ts';
import { useAnswering } from './testing/use-answering.ts';

useHeldTime();
const serve = useAnswering();

const words = fc.constantFrom('', 'Forbidden', 'Invalid Host header', 'slow down', '\ud83e\u202e', 'Session not found');
const status = fc.constantFrom(200, 202, 302, 400, 401, 403, 404, 405, 406, 421, 429, 500, 503);
const headers = fc.constantFrom<Readonly<Record<string, string>>>(
  ...[{}, { 'mcp-session-id': 's' }, { 'retry-after': '1' }, { location: '/other' }, { 'www-authenticate': 'Bearer' }],
);
const versions = fc.constantFrom('2024-11-05', '2025-06-18', '2025-11-25', '2026-07-28', '2099-01-01', '', 7);
const capabilities = fc.constantFrom({}, { tools: {} }, { tools: {}, resources: {}, prompts: {} }, 'none');
const result = fc.record(
  {
    protocolVersion: versions,
    supportedVersions: fc.array(versions, { maxLength: 3 }),
    capabilities,
    serverInfo: fc.constantFrom({ name: 'x', version: '1' }, 'x', null),
    tools: fc.constantFrom([], [{ name: 'a' }], [null, 7], {}),
    nextCursor: fc.constantFrom('', 'more'),
  },
  { requiredKeys: [] },
);
const error = fc.record({
  code: fc.constantFrom(-32601, -32602, -32022, -32000, -32603, 0),
  message: words,
  data: fc.constantFrom(undefined, { supported: ['2025-06-18'] }, { supported: ['2099-01-01'] }, 'x'),
});
const anyAnswer: fc.Arbitrary<Answering> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(result, headers).map(([value, more]) => answer({ result: value }, { headers: more })),
  },
  { weight: 2, arbitrary: fc.tuple(error, status).map(([value, code]) => answer({ error: value }, { status: code })) },
  { weight: 2, arbitrary: fc.tuple(status, words, headers).map((refusal) => refuse(...refusal)) },
  { weight: 1, arbitrary: fc.constant(hangUp) },
);
/** What is answered to each method, one after the other, again from the start. */
const anyServer = fc.dictionary(
  fc.constantFrom('server/discover', 'initialize', 'ping', 'tools/list', 'notifications/initialized', 'GET', 'DELETE'),
  fc.array(anyAnswer, { minLength: 1, maxLength: 3 }),
);

describe('any server', () => {
  it('gets a verdict each time, in few requests that go together', async () => {
    await fc.assert(
      fc.asyncProperty(anyServer, fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), async (answers, counts) => {
        const turns = new Map<string, number>();
        const inTurn = (method: string, list: readonly Answering[]): Answering => {
          return (response, asked) => {
            const turn = turns.get(method) ?? 0;
            turns.set(method, turn + 1);
            list[turn % list.length]?.(response, asked);
          };
        };
        const server = await serve(
          Object.fromEntries(Object.entries(answers).map(([method, list]) => [method, inTurn(method, list)])),
        );
        let era: ProtocolEra | undefined;
        let memory: ProbeMemory | undefined;
        for (const [before, countsOffers] of counts.entries()) {
          const from = server.asked.length;
          const { signal } = new AbortController();
          const probed = await probeMcpServer({
            ...{ url: server.url, clientVersion: '1', signal },
            countsOffers,
            era,
            memory,
          });
          expectSound(probed, server.asked.slice(from), memory);
          const told = server.asked.filter(({ method }) => method === 'notifications/initialized');
          expect(told.length).toBeLessThanOrEqual(before + 1);
          ({ memory } = probed);
          if ('era' in probed) ({ era } = probed);
        }
        await server.close();
      }),
      { numRuns: Number(process.env['RUNS'] ?? 150) },
    );
  });
});

function expectSound(probed: ProbeResult, asked: readonly Asked[], memory: ProbeMemory | undefined): void {
  const methods = asked.map(({ method }) => method);
  const times = (method: string): number => methods.filter((one) => one === method).length;
  for (const method of ['server/discover', 'ping', 'DELETE']) {
    expect({ method, times: times(method) <= 1 }).toEqual({ method, times: true });
  }
  expect(times('initialize')).toBeLessThanOrEqual(2);
  // At its path, and at the one that servers of the old transport have.
  expect(times('GET')).toBeLessThanOrEqual(2);
  expect(times('ping')).toBeLessThanOrEqual(memory?.session === undefined ? 0 : 1);
  const ids = asked.flatMap(({ id }) => (id === undefined ? [] : [id]));
  expect(ids.every(Number.isSafeInteger)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expectSoundVerdict(probed);
  if (probed.state === 'verified' && memory?.session === undefined) {
    expect(methods).toContain(probed.era === 'stateless' ? 'server/discover' : 'initialize');
  }
}

function expectSoundVerdict(probed: ProbeResult): void {
  switch (probed.state) {
    case 'verified':
      expect(probed.era === 'stateless' ? ['2026-07-28'] : handshakeVersions).toContain(
        probed.serverInfo.protocolVersion,
      );
      break;
    case 'auth-required':
      expect([401, 403]).toContain(probed.statusCode);
      if (probed.statusCode === 403) expect(probed.said ?? '').not.toMatch(/Invalid Host/);
      break;
    case 'failed':
    case 'throttled':
      expect(probed.message).toMatch(/^\P{C}{3,1000}$/u);
  }
}
