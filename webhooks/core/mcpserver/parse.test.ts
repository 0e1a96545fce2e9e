import { describe, expect, it } from '@jest/globals';
import { anMCPServer } from '../testing/builders.ts';
import { parseMCPServer } from './parse.ts';

const { metadata, ...rest } = anMCPServer();

describe('parseMCPServer', () => {
  it('gives the very object that came in', () => {
    const raw = anMCPServer();
    const parsed = parseMCPServer(raw);
    expect(parsed.ok && parsed.server).toBe(raw);
  });

  it.each([
    ['a generateName and no name', { namespace: 'mcp', generateName: 'search-' }],
    ['a generateName and an empty name', { namespace: 'mcp', generateName: 'search-', name: '' }],
  ])('reads an object that has %s with an empty name', (_name, awaiting) => {
    const parsed = parseMCPServer({ ...rest, metadata: awaiting });
    expect(parsed.ok && parsed.server.metadata).toEqual({ ...awaiting, name: '' });
  });

  it.each([
    ['neither name nor generateName', { namespace: 'mcp' }],
    ['an empty name', { name: '' }],
    ['two empty names', { name: '', generateName: '' }],
    ['a generateName that is no text', { generateName: 5 }],
  ])('refuses an object with %s', (_name, nameless) => {
    expect(parseMCPServer({ ...rest, metadata: nameless }).ok).toBe(false);
  });

  it('says where the name is missing', () => {
    const parsed = parseMCPServer({ ...rest, metadata: { ...metadata, name: '' } });
    expect(parsed.ok ? [] : parsed.violations.map(({ path }) => path)).toEqual([['metadata', 'name']]);
  });

  it.each([undefined, null, 7, 'text', [], { metadata: null }])('refuses %j without throwing', (raw) => {
    expect(parseMCPServer(raw).ok).toBe(false);
  });
});
