import { describe, expect, it } from '@jest/globals';
import { anInstallation } from '../testing/an-installation.ts';
import { anMCPServer, withImage } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { imageRegistry } from './image-registry.ts';

function isAllowed(image: string, allowed: readonly string[], ours?: string): boolean {
  const server = anMCPServer(withImage(image));
  const installation = ours === undefined ? undefined : anInstallation({ image: ours });
  return evaluateRules([imageRegistry], { server, facts: inMemoryFacts(), installation }, { allowed }).length === 0;
}

describe('the list of registries', () => {
  it.each([
    ['ghcr.io/example/search:1', 'ghcr.io/example/'],
    ['ghcr.io/example/search:1', 'ghcr.io/example/search'],
    ['ghcr.io/example/search:1', 'GHCR.io/example'],
    ['localhost:5000/search', 'localhost:5000'],
    ['[fd00::1]:5000/search', '[fd00::1]:5000'],
    ['docker.io/nginx', 'docker.io'],
    ['docker.io/nginx', 'index.docker.io/library'],
    ['docker.io/mcp/fetch', 'docker.io/mcp'],
  ])('allows %s by %s', (image, entry) => {
    expect(isAllowed(image, [entry])).toBe(true);
  });

  it.each([
    ['ghcr.io/example/search:1', 'ghcr.io/exam'],
    ['ghcr.io/example:1', 'ghcr.io/example/search'],
    ['ghcr.io/example/search:1', 'ghcr.io/Example'],
    ['localhost:5000/search', 'localhost'],
    ['docker.io/nginx', 'docker.io/nginx'],
    ['docker.io/library2/nginx', 'docker.io/library'],
    ['nginx', 'docker.io'],
    ['mcp/fetch', 'mcp'],
    ['ghcr.io/example/search', ''],
    ['ghcr.io/example/search', '/'],
    ['ghcr.io/example/search', '*'],
  ])('refuses %s by %s', (image, entry) => {
    expect(isAllowed(image, [entry])).toBe(false);
  });

  it('allows nothing when it is empty', () => {
    expect(isAllowed('ghcr.io/example/search:1', [])).toBe(false);
  });

  it('does not judge the image of the installation, and no other one of its repository', () => {
    const ours = 'mirror.example.org/mcp-lifecycle:0.1.0';
    expect(isAllowed(ours, ['ghcr.io'], ours)).toBe(true);
    expect(isAllowed('mirror.example.org/mcp-lifecycle:0.2.0', ['ghcr.io'], ours)).toBe(false);
  });
});
