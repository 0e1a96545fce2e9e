import { describe, expect, it } from '@jest/globals';
import type { ToolContractSettings } from '../../core/mcpserver/types.gen.ts';
import type { ToolsSeen } from '../../core/plan/observed.ts';
import { acceptAnnotation } from '../../core/plan/tool-demands.ts';
import { anMCPServer, withGeneration, withSpec } from '../../core/testing/builders.ts';
import { probeMcpServer } from '../../platform/mcp/probe.ts';
import type { ProbeResult } from '../../platform/mcp/probe.ts';
import { answer, discovered, refuse } from '../../platform/mcp/testing/answering-server.ts';
import type { AnsweringServer } from '../../platform/mcp/testing/answering-server.ts';
import { useAnswering } from '../../platform/mcp/testing/use-answering.ts';
import { gateQuestion, judgeCandidate, WholeComparison } from './contract-gate.ts';

const serve = useAnswering();

function lists(tools: readonly unknown[]): Promise<AnsweringServer> {
  return serve({
    'server/discover': answer({ result: discovered }),
    'tools/list': answer({ result: { tools } }),
  });
}

const signal = new AbortController().signal;
const ask = (url: string): Promise<ProbeResult> =>
  probeMcpServer({ url, clientVersion: '1', countsOffers: true, isNoneListed: true, timeoutMs: 30_000, signal });

interface Told {
  readonly toolContract?: ToolContractSettings;
  readonly annotation?: string;
}

/** What becomes of a candidate, beside what serves. */
async function judge(
  serving: AnsweringServer,
  candidate: AnsweringServer,
  { toolContract, annotation }: Told = {},
): Promise<{ readonly state: string; readonly message?: string; readonly digest: string }> {
  const before = await ask(serving.url);
  const tools: ToolsSeen | undefined = before.state === 'verified' ? before.tools : undefined;
  const extensions = toolContract === undefined ? {} : { extensions: { toolContract } };
  const plain = anMCPServer(withGeneration(2), withSpec(extensions));
  const annotations = annotation === undefined ? {} : { annotations: { [acceptAnnotation]: annotation } };
  const accepted = tools !== undefined && 'digest' in tools ? { accepted: tools.digest } : {};
  const server = {
    ...plain,
    metadata: { ...plain.metadata, ...annotations },
    status: { extensions: { tools: accepted } },
  };
  const answered = await ask(candidate.url);
  const seen = answered.state === 'verified' ? answered.tools : undefined;
  const whole = new WholeComparison(probeMcpServer);
  const common = { clientVersion: '1', timeoutMs: 30_000, signal };
  const sides = { candidate: { ...common, url: candidate.url }, serving: { ...common, url: serving.url } };
  const question = gateQuestion(server, tools);
  const verdict = await judgeCandidate(server, { question, answer: answered }, (digest) =>
    whole.compare(sides, { digest, ignore: [] }),
  );
  return { ...verdict, digest: seen !== undefined && 'digest' in seen ? seen.digest : '' };
}

const readOnly = { annotations: { readOnlyHint: true } };
const search = {
  name: 'search',
  inputSchema: { type: 'object', properties: { query: { type: 'string' } } },
  ...readOnly,
};
const fetchTool = { name: 'fetch', ...readOnly };
const withInput = (inputSchema: object): object => ({ ...search, inputSchema });
const optional = withInput({ type: 'object', properties: { query: { type: 'string' }, limit: { type: 'integer' } } });
const required = withInput({ ...search.inputSchema, required: ['query'] });
const many = (from: number): readonly object[] =>
  Array.from({ length: 100 }, (_, at) => ({ name: `tool-${String(at + from).padStart(3, '0')}`, ...readOnly }));

describe('a candidate whose tools are observed', () => {
  it.each([
    ['the same tools', [search], [search], 'good'],
    ['one more', [search], [search, fetchTool], 'good'],
    ['other words', [search], [{ ...search, description: 'Finds' }], 'good'],
    ['another parameter that need not be there', [search], [optional], 'good'],
    ['one less', [search, fetchTool], [search], 'held-back'],
    ['a parameter that is required now', [search], [required], 'held-back'],
    ['more danger', [search], [{ ...search, annotations: {} }], 'held-back'],
    ['one less that status does not list', many(0), many(0).slice(0, 99), 'held-back'],
    ['a schema that status does not list, which takes more', [...many(0), search], [...many(0), optional], 'good'],
    ['a schema that status does not list, which takes less', [...many(0), search], [...many(0), required], 'held-back'],
    ['none any more', [search], [], 'held-back'],
    ['some where there were none', [], [search], 'good'],
  ])('and has %s is told what becomes of clients', async (_, before, after, state) => {
    expect((await judge(await lists(before), await lists(after))).state).toBe(state);
  });

  it('is told which tools, what of them, and how to roll out all the same', async () => {
    const { message, digest } = await judge(await lists([search, fetchTool]), await lists([required]));
    expect(message).toBe(
      `Clients of what serves would fail or be harmed by its tools; to roll it out all the same, set the annotation ${acceptAnnotation} to ${digest}: fetch is gone; search input 'query': is required now`,
    );
  });

  it('is let go when somebody has accepted its very digest', async () => {
    const [serving, candidate] = [await lists([search, fetchTool]), await lists([search])];
    const { digest } = await judge(serving, candidate);
    expect((await judge(serving, candidate, { annotation: digest })).state).toBe('good');
    const ofAnother = await judge(serving, candidate, { annotation: `sha256:${'0'.repeat(64)}` });
    expect(ofAnother).toMatchObject({
      state: 'held-back',
      message: expect.stringContaining(`to ${digest} (it accepts another one now): fetch is gone`),
    });
    expect((await judge(serving, candidate, { annotation: 'true' })).state).toBe('held-back');
  });

  it('fails with tools that cannot be listed, where those of what serves can', async () => {
    const broken = await serve({ 'server/discover': answer({ result: discovered }), 'tools/list': refuse(500) });
    expect(await judge(await lists([search]), broken)).toMatchObject({
      state: 'bad',
      message: expect.stringContaining('tools/list failed: HTTP 500'),
    });
    expect((await judge(broken, broken)).state).toBe('good');
  });

  it('is held back with tools that have no digest, where those of what serves have one', async () => {
    const twice = await lists([search, search]);
    expect(await judge(await lists([search]), twice)).toMatchObject({
      ...{ state: 'bad', message: expect.stringContaining('ContractUnreadable') },
    });
    const tooMany = await lists(Array.from({ length: 600 }, (_, at) => ({ name: `t${at}` })));
    expect(await judge(await lists([search]), tooMany)).toMatchObject({
      ...{ state: 'held-back', message: expect.stringContaining('ContractTooLarge') },
    });
    expect((await judge(twice, twice)).state).toBe('good');
  });

  it('is not judged by its tools where it wants credentials', async () => {
    const closed = await serve({ 'server/discover': refuse(401) });
    expect((await judge(await lists([search]), closed)).state).toBe('good');
  });

  it('is not told anything when what serves cannot be read to be compared', async () => {
    const serving = await lists([search]);
    const candidate = await lists([optional]);
    const before = await ask(serving.url);
    const tools = before.state === 'verified' ? before.tools : undefined;
    const server = anMCPServer(withGeneration(2));
    const verdict = await judgeCandidate(
      server,
      { question: gateQuestion(server, tools), answer: await ask(candidate.url) },
      (digest) =>
        new WholeComparison(probeMcpServer).compare(
          { candidate: { url: candidate.url, clientVersion: '1', signal }, serving: undefined },
          { digest, ignore: [] },
        ),
    );
    expect(verdict).toEqual({ state: 'unclear', message: 'no pod that serves can be asked for its tools' });
  });
});

describe('a candidate whose tools are pinned', () => {
  const toolContract: ToolContractSettings = { mode: 'Pin' };

  it('has to have the accepted ones, whatever the others would do to clients', async () => {
    const serving = await lists([search]);
    const candidate = await lists([search, fetchTool]);
    expect((await judge(serving, await lists([search]), { toolContract })).state).toBe('good');
    const held = await judge(serving, candidate, { toolContract });
    expect(held).toMatchObject({ state: 'held-back', message: expect.stringContaining(`found ${held.digest}`) });
    expect(held.message).toMatch(/contract get mcpserver\/\S+ shows those of what serves: ask this version elsewhere/);
    expect(held.message).not.toContain('untouched');
    expect(held.message?.length).toBeLessThanOrEqual(480);
    expect((await judge(serving, candidate, { toolContract, annotation: held.digest })).state).toBe('good');
    const ofSpec = { ...toolContract, digest: held.digest };
    expect((await judge(serving, candidate, { toolContract: ofSpec })).state).toBe('good');
  });

  it('is held back where nobody can list them', async () => {
    const closed = await serve({ 'server/discover': refuse(401) });
    expect((await judge(await lists([search]), closed, { toolContract })).state).toBe('held-back');
  });
});

describe('a candidate whose tools have to be read-only', () => {
  it('is held back with one that is not, also where what serves has it', async () => {
    const toolContract: ToolContractSettings = { allow: 'ReadOnly' };
    const writing = await lists([search, { name: 'write' }]);
    expect(await judge(writing, writing, { toolContract })).toMatchObject({
      ...{ state: 'held-back', reason: 'ToolNotAllowed' },
      message: expect.stringContaining('write'),
    });
    expect((await judge(await lists([search]), await lists([search, fetchTool]), { toolContract })).state).toBe('good');
  });
});
