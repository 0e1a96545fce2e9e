import { readFileSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** The packages that a program loads: every import that is not of types only, followed through our own files. */
function packagesOf(entry: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm)) {
      if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier));
      else packages.add(specifier);
    }
  };
  visit(resolve(import.meta.dirname, entry));
  return packages;
}

describe('what a program loads', () => {
  it('is for the command line no Kubernetes client and no server', () => {
    // Commands are loaded when they are asked for, so that each file here is a beginning.
    const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /(?<!\.test)\.ts$/.test(name) && !name.includes('testing'),
    );
    const packages = new Set([...files, '../main.ts'].flatMap((file) => [...packagesOf(file)]));
    expect(packages).toContain('@marcbachmann/cel-js');
    expect([...packages].filter((name) => /kubernetes|express|prom-client|node-forge|node:http/.test(name))).toEqual(
      [],
    );
  });

  it.each(['../admission/start.ts', '../reconciler/start.ts'])('is no CEL for %s', (entry) => {
    const packages = packagesOf(entry);
    expect(packages.size).toBeGreaterThan(1);
    expect(packages).not.toContain('@marcbachmann/cel-js');
  });
});
