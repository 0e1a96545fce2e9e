import { describe, expect, it } from '@jest/globals';
import type { ListedToolStatus, MCPServerStatus, ToolsStatus } from '../mcpserver/types.gen.ts';
import { toolChangesBetween, toolEvents, toolsInStatus } from './tools-status.ts';

const tool = (name: string, more: Partial<ListedToolStatus> = {}): ListedToolStatus => ({
  ...{ name, interface: '01234567', wording: '89abcdef', readOnly: true },
  ...more,
});

function aStatus(list: readonly ListedToolStatus[], image = 'x:1', more: Partial<ToolsStatus> = {}): MCPServerStatus {
  const digest = `of ${JSON.stringify(list)}`;
  return { extensions: { verification: { image }, tools: { digest, list: [...list], ...more } } };
}

const told = (before: MCPServerStatus | undefined, after: MCPServerStatus): readonly string[] =>
  toolEvents(before, after).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);

describe('events about tools', () => {
  it('are one for each class, with the names, a warning for what breaks clients', () => {
    const before = aStatus([tool('a'), tool('b'), tool('c'), tool('d')]);
    const after = aStatus([
      tool('b', { interface: 'ffffffff' }),
      tool('c', { readOnly: false, destructive: true }),
      tool('d', { wording: 'ffffffff' }),
      tool('e'),
    ]);
    expect(told(before, after)).toEqual([
      'Warning ToolsRemoved: Tools are gone (the image is the same): a',
      'Warning ToolInterfaceChanged: Schemas of tools are others, mcp-lifecycle contract diff tells what that breaks (the image is the same): b',
      'Warning ToolRiskRaised: Tools tell of more danger (the image is the same): c (is not read-only any more, may destroy now)',
      'Warning ToolsReworded: What tools say to people and models is another text (the image is the same): d',
      'Normal ToolsAdded: Tools are new (the image is the same): e',
    ]);
    expect(toolChangesBetween(before, after).map(({ class: one }) => one)).toEqual([
      'Removed',
      'InterfaceBreaking',
      'Risk',
      'Wording',
      'Added',
    ]);
  });

  it('of another image warn of what breaks, and not of other words', () => {
    const after = aStatus([tool('b', { wording: 'ffffffff' })], 'x:2');
    expect(told(aStatus([tool('a'), tool('b')]), after)).toEqual([
      'Warning ToolsRemoved: Tools are gone (with another image): a',
      'Normal ToolsReworded: What tools say to people and models is another text (with another image): b',
    ]);
  });

  it('name a few', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    expect(told(aStatus(names.map((name) => tool(name))), aStatus([]))[0]).toMatch(/: a, b, c, d, e and 2 more$/);
  });

  it('are none for tools that are listed for the first time, as after an upgrade from names alone', () => {
    const before: MCPServerStatus = { extensions: { verification: { image: 'x:1', toolsDigest: 'of names' } } };
    expect(told(before, aStatus([tool('a')]))).toEqual([]);
    expect(told(undefined, aStatus([tool('a')]))).toEqual([]);
    expect(told(aStatus([tool('a')]), { extensions: {} })).toEqual([]);
  });

  it('of the first list of another image, after one that failed, still tell what became of the tools', () => {
    const before = aStatus([tool('a'), tool('b')], 'x:1', { image: 'x:1' });
    const failing: MCPServerStatus = {
      extensions: { verification: { image: 'x:2' }, tools: before.extensions?.tools ?? {} },
    };
    const after = aStatus([tool('a')], 'x:2', { image: 'x:2' });
    expect(told(before, failing)).toEqual([]);
    expect(told(failing, after)).toEqual(['Warning ToolsRemoved: Tools are gone (with another image): b']);
  });

  it('tell once that there is no digest any more, and that status is of the last time', () => {
    const unstable = aStatus([tool('a')], 'x:1', { reason: 'ContractUnstable', message: 'why' });
    expect(told(aStatus([tool('a')]), unstable)).toEqual([
      'Warning ToolContractUnknown: Its tools have no digest now (ContractUnstable: why): what status says of them is of the last time that they had one',
    ]);
    expect(told(unstable, unstable)).toEqual([]);
  });

  it('are none for the same in another notation, which a metric counts', () => {
    const [before, after] = [aStatus([tool('a')]), aStatus([tool('a')], 'x:1', { digest: 'another' })];
    expect(told(before, after)).toEqual([]);
    expect(toolChangesBetween(before, after)).toMatchObject([{ class: 'Notation' }]);
  });
});

describe('what status says of tools', () => {
  it('is believed as it was seen, and a contract that cannot be told as none', () => {
    expect(toolsInStatus(aStatus([tool('a')], 'x:1', { digest: 'd', truncated: 2 }))).toEqual({
      ...{ digest: 'd', listed: '01234567 89abcdef r-- a', truncated: 2 },
    });
    const unstable = aStatus([tool('a')], 'x:1', { reason: 'ContractUnstable', message: 'why' });
    expect(toolsInStatus(unstable)).toEqual({ reason: 'ContractUnstable', why: 'why' });
    expect(toolsInStatus({})).toBeUndefined();
  });
});
