import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withImage, withMetadata, withRawSpec, withSpec, withStatus } from './builders.ts';
import { inMemoryFacts } from './in-memory-facts.ts';

describe('anMCPServer', () => {
  it('merges objects deeply and replaces lists as a whole', () => {
    const server = anMCPServer(
      withSpec({ config: { arguments: ['a', 'b'], env: [{ name: 'A' }] } }),
      withSpec({ config: { arguments: ['c'] } }),
    );
    expect(server.spec.config).toEqual({ port: 8080, arguments: ['c'], env: [{ name: 'A' }] });
  });

  it('takes a field away for undefined', () => {
    const server = anMCPServer(
      withSpec({ runtime: { replicas: 2 } }),
      withSpec({ runtime: undefined }),
      withMetadata({ namespace: undefined }),
    );
    expect(server.spec).not.toHaveProperty('runtime');
    expect(server.metadata).toEqual({ name: 'search' });
  });

  it('gives every test an object of its own', () => {
    const changed = anMCPServer(withImage('nginx:1.25'), withStatus({ replicas: 1 }));
    expect(changed.status).toEqual({ replicas: 1 });
    expect(anMCPServer().spec.source.containerImage?.ref).toBe('ghcr.io/example/search:1.4.0');
  });

  it('throws when the options make no MCPServer', () => {
    expect(() => anMCPServer(withRawSpec({ config: { port: 'x' } }))).toThrow(
      'spec.config.port: must be of type integer',
    );
  });
});

describe('inMemoryFacts', () => {
  const facts = inMemoryFacts({
    configMaps: { settings: ['url'] },
    secrets: { empty: [] },
    unknown: { 'Secret/hidden': 'forbidden' },
  });

  it('finds what exists, of that kind only', () => {
    expect(facts.lookUp('ConfigMap', 'settings')).toEqual({ state: 'found', keys: new Set(['url']) });
    expect(facts.lookUp('Secret', 'settings')).toEqual({ state: 'missing' });
    expect(facts.lookUp('Secret', 'empty')).toEqual({ state: 'found', keys: new Set() });
  });

  it('does not know what it was told not to know', () => {
    expect(facts.lookUp('Secret', 'hidden')).toEqual({ state: 'unknown', reason: 'forbidden' });
  });

  it('misses everything by default, even names that JavaScript objects have', () => {
    expect(inMemoryFacts().lookUp('ConfigMap', 'constructor')).toEqual({ state: 'missing' });
  });
});
