import { describe, expect, it } from '@jest/globals';
import type { Fields } from '../mcpserver/record.ts';
import type { CompositeReport } from './composite-kind.ts';
import { mirrorServer } from './mirror-server.ts';

const now = '2026-11-30T06:00:00Z';

const ready = (status: string, observedGeneration: number, reason = 'Available'): object => ({
  ...{ type: 'Ready', status, observedGeneration, reason, message: `${reason}.` },
  lastTransitionTime: '2026-11-30T05:00:00Z',
});

function report(input: Partial<CompositeReport>): Fields {
  return mirrorServer({
    wanted: ['search'],
    waiting: [],
    generation: 1,
    previous: undefined,
    servers: [],
    now,
    ...input,
  });
}

const server = (generation: number, conditions: readonly object[], phase = 'Running') => ({
  name: 'search',
  generation,
  status: {
    ...{ phase, replicas: 2, readyReplicas: 1, selector: 'mcp-server=search', serverInfo: { name: 'x' } },
    address: { url: 'http://search.tools.svc.cluster.local:3000/mcp' },
    conditions,
  },
});

/** What Ready says, and of which generation. */
function saidBy(status: Fields): unknown {
  const [condition] = status['conditions'] as readonly Fields[];
  const { status: is, reason, observedGeneration } = condition ?? {};
  return { is, reason, observedGeneration };
}

describe('the status of an object that became one MCPServer', () => {
  it('is what that one says of phase, pods, address and Ready', () => {
    expect(report({ servers: [server(3, [ready('True', 3)])] })).toEqual({
      observedGeneration: 1,
      ...{ phase: 'Running', replicas: 2, readyReplicas: 1, selector: 'mcp-server=search' },
      address: { url: 'http://search.tools.svc.cluster.local:3000/mcp' },
      conditions: [
        {
          ...{ type: 'Ready', status: 'True', observedGeneration: 1, reason: 'Available', message: 'Available.' },
          lastTransitionTime: now,
        },
      ],
      extensions: { expanded: [{ generation: 1, server: 3 }] },
    });
  });

  it('says the same again, to the letter, while nothing happens', () => {
    const first = report({ servers: [server(3, [ready('True', 3)])] });
    const later = report({
      previous: first,
      servers: [server(3, [ready('True', 3)])],
      now: '2026-11-30T07:00:00Z',
    });
    expect(later).toEqual(first);
  });

  it('speaks of the generation whose pods serve while a newer one rolls out', () => {
    const first = report({ generation: 4, servers: [server(2, [ready('True', 2)])] });
    const rolling = report({ generation: 5, previous: first, servers: [server(3, [ready('True', 2)])] });
    expect(saidBy(rolling)).toEqual({ is: 'True', reason: 'Available', observedGeneration: 4 });
    const done = report({ generation: 5, previous: rolling, servers: [server(3, [ready('True', 3)])] });
    expect(saidBy(done)).toEqual({ is: 'True', reason: 'Available', observedGeneration: 5 });
    expect(done['extensions']).toEqual({ expanded: [{ generation: 5, server: 3 }] });
  });

  it('speaks of the newest generation after a change that changes no MCPServer', () => {
    const first = report({ generation: 4, servers: [server(2, [ready('True', 2)])] });
    const next = report({ generation: 5, previous: first, servers: [server(2, [ready('True', 2)])] });
    expect(saidBy(next)).toEqual({ is: 'True', reason: 'Available', observedGeneration: 5 });
  });

  it('says of none of its generations what was served before there was the object', () => {
    const status = report({ generation: 1, servers: [server(7, [ready('True', 6)])] });
    expect(saidBy(status)).toEqual({ is: 'True', reason: 'Available', observedGeneration: 0 });
  });

  it('says first why the object was not brought about, and that pods serve all the same', () => {
    const first = report({ generation: 1, servers: [server(2, [ready('True', 2)])] });
    const problem = { reason: 'StdioCommandRequired', message: 'a command' };
    const refused = report({ generation: 2, previous: first, problem, servers: [server(2, [ready('True', 2)])] });
    expect(saidBy(refused)).toEqual({ is: 'False', reason: 'StdioCommandRequired', observedGeneration: 2 });
    expect(refused['phase']).toBe('Running');
    const mended = report({ generation: 3, previous: refused, servers: [server(3, [ready('True', 2)])] });
    // Generation 2 never ran.
    expect(saidBy(mended)).toEqual({ is: 'True', reason: 'Available', observedGeneration: 1 });
  });

  it.each([
    ['Failed', { reason: 'NotOurs', message: 'taken' }],
    ['Pending', undefined],
  ])('is %s without an MCPServer when the problem is %j', (phase, problem) => {
    expect(report({ problem })).toMatchObject({ phase });
  });

  it('remembers a bounded number of generations, however many changes come while one rolls out', () => {
    let status: Fields | undefined;
    for (let generation = 1; generation <= 100; generation += 1) {
      status = report({ generation, previous: status, servers: [server(generation, [ready('True', 1)])] });
    }
    const { expanded } = status?.['extensions'] as { readonly expanded: readonly object[] };
    expect(expanded).toHaveLength(10);
    expect(expanded[0]).toEqual({ generation: 1, server: 1 });
    expect(expanded.at(-1)).toEqual({ generation: 100, server: 100 });
  });

  it.each([null, 'x', [], { conditions: 'x', extensions: 5 }])('takes %j for a status that says nothing', (status) => {
    const odd = status as unknown as Fields;
    expect(report({ previous: odd, servers: [{ name: 'a', generation: 1, status: odd }] })).toMatchObject({
      phase: 'Pending',
    });
  });
});
