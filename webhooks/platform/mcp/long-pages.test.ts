import { describe, expect, it } from '@jest/globals';
import { contractOf } from '../../core/contract/contract.ts';
import { readTool } from '../../core/contract/tool.ts';
import { useHeldTime } from '../http/testing/held-time.ts';
import type { ProbeResult } from './probe.ts';
import { clusterBudget } from './probe-budget.ts';
import { createProbeCost } from './probe-cost.ts';
import { sha256 } from './sha256.ts';
import { answer, discovered } from './testing/answering-server.ts';
import type { Answering } from './testing/answering-server.ts';
import { probe, useAnswering } from './testing/use-answering.ts';

useHeldTime();
const serve = useAnswering();

/** A tool with ten parameters; 512 of them are 63,000 values and most of a MiB. */
function aTool(at: number): { readonly name: string } {
  const properties = Object.fromEntries(
    Array.from({ length: 10 }, (_, of) => [
      `parameter${of}`,
      {
        type: ['string', 'null'],
        description: 'Says what is looked for, and how much of it.',
        enum: ['a', 'b', null],
      },
    ]),
  );
  return { name: `tool-${at}`, ...{ inputSchema: { type: 'object', properties, required: ['parameter1'] } } };
}

/** What it may cost of CPU is for a machine that does nothing else. */
const budget = { ...clusterBudget, createCost: (owner: string) => createProbeCost({ owner, cpuMs: () => 0 }) };

async function list(page: Answering): Promise<ProbeResult> {
  const { url } = await serve({ 'server/discover': answer({ result: discovered }), 'tools/list': page });
  return probe(url, { countsOffers: true, budget });
}

/** The text of a page, with a text in place of its tools. */
const raw =
  (result: string): Answering =>
  (response, { id }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`);
  };

const values = (count: number): string => `[${'0,'.repeat(count - 1)}0]`;
const tooMany = `tools/list failed: its answer has more than ${clusterBudget.json.maxTokens} values`;

describe('a page of more values than are built at a time', () => {
  it('is read tool by tool: 512 of them have the digest that they have anywhere', async () => {
    const tools = Array.from({ length: 512 }, (_, at) => aTool(at));
    expect(JSON.stringify(tools).split(/[,[{]/).length).toBeGreaterThan(2 * clusterBudget.json.maxTokens);
    const seen = await list(answer({ result: { tools } }));
    const whole = contractOf(
      tools.map((tool) => readTool(tool, { sha256 })).flatMap((one) => (one.type === 'read' ? [one.tool] : [])),
      { sha256 },
    );
    expect(whole.type).toBe('contract');
    expect(seen).toMatchObject({
      ...{ offers: { tools: 512 } },
      tools: { digest: whole.type === 'contract' ? whole.contract.digest : '', truncated: 448 },
    });
  });

  it('leads to the next one', async () => {
    const page = (from: number): readonly object[] => Array.from({ length: 250 }, (_, at) => aTool(from + at));
    const seen = await list((response, asked) => {
      const isFirst = !asked.body.includes('"cursor"');
      const result = isFirst ? { tools: page(0), nextCursor: 'more' } : { tools: page(250) };
      answer({ result })(response, asked);
    });
    expect(seen).toMatchObject({ offers: { tools: 500 } });
  });

  it.each([
    ['one tool has too many', `{"tools":[{"name":"a","x":${values(30_000)}}]}`],
    ['they are beside its tools', `{"tools":[{"name":"a"}],"x":${values(30_000)}}`],
    ['it has more tools than anybody lists', `{"tools":[${'{},'.repeat(30_000)}{}]}`],
    ['it has two lists', `{"tools":[{"x":${values(15_000)}}],"prompts":[{"x":${values(15_000)}}]}`],
    [
      'it hides a second list of the name',
      `{"tools":[{"x":${values(15_000)}},{"x":${values(15_000)}}],"\\u0074ools":[{"name":"other"}]}`,
    ],
  ])('is too many where %s', async (_, result) => {
    expect(await list(raw(result))).toMatchObject({ notCounted: tooMany });
  });

  it.each([
    ['an item that is no JSON', `{"tools":[{"x":${values(15_000)}},{"x":${values(15_000)}},nothing]}`],
    ['an item that is not there', `{"tools":[{"x":${values(15_000)}},{"x":${values(15_000)}},]}`],
    ['an end that is missing', `{"tools":[{"x":${values(15_000)}},{"x":${values(15_000)}}]`],
  ])('is no answer with %s', async (_, result) => {
    expect(await list(raw(result))).toMatchObject({ notCounted: expect.stringContaining('not a JSON-RPC message') });
  });

  it('is nested no deeper for it', async () => {
    const depth = clusterBudget.json.maxDepth;
    const deep = (by: number): string => `${'['.repeat(by)}${']'.repeat(by)}`;
    const wide = `{"x":${values(15_000)}},{"x":${values(15_000)}}`;
    const seen = await list(raw(`{"tools":[${wide},{"x":${deep(depth)}}]}`));
    expect(seen).toMatchObject({ notCounted: expect.stringContaining('is nested deeper than') });
  });
});
