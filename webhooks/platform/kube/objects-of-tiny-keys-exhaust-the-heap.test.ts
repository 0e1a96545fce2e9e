import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** 40,000 keys in 0.7 MB, as anybody may store them. */
const data = Object.fromEntries(
  Array.from({ length: 40_000 }, (_, at) => [`key-${String(at).padStart(5, '0')}`, 'QQ==']),
);
const body = JSON.stringify({ metadata: { name: 'many', namespace: 'mcp', resourceVersion: '7' }, data });

const server = createServer((_, response) => response.writeHead(200).end(body));
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.close();
});

/** What one of the programs does with four such objects of each of some namespaces, at the same time and again. */
const program = (port: number, settings: object): string => `
  import { createKubeApi } from ${JSON.stringify(new URL('api-client.ts', import.meta.url))};
  import { createLargeReads } from ${JSON.stringify(new URL('large-reads.ts', import.meta.url))};
  import { gatherReferences } from ${JSON.stringify(new URL('references.ts', import.meta.url))};
  const credentials = () => Promise.resolve({ tls: {}, headers: {} });
  const url = new URL('http://127.0.0.1:${port}');
  const api = createKubeApi({ server: { url, credentials, forgetCredentials() {} }, userAgent: 'test' });
  const references = ['a', 'b', 'c', 'd'].map((name) => ({ kind: 'ConfigMap', name, keys: [{ key: 'key-00007' }] }));
  const options = { references, deadlineMs: 60_000, largeReads: createLargeReads(), ...${JSON.stringify(settings)} };
  const before = process.memoryUsage.rss();
  let most = 0;
  const kept = [];
  const timer = setInterval(() => { most = Math.max(most, process.memoryUsage.rss()); }, 5);
  for (let round = 0; round < 2; round += 1) {
    const asked = ['one', 'two', 'three', 'four'].map((namespace) => gatherReferences(api, { ...options, namespace }));
    kept.push(...(await Promise.all(asked)));
  }
  clearInterval(timer);
  const states = kept.flatMap(({ facts }) => references.map(({ kind, name }) => facts.lookUp(kind, name)));
  process.stdout.write(JSON.stringify({
    grownMegabytes: (most - before) / 1024 / 1024,
    states: states.map(({ state, keys }) => [state, keys.has('key-00007'), keys.size].join()),
    hashes: [...new Set(kept.map(({ configHash }) => configHash ?? 'none'))].length,
  }));
  process.exit(0);
`;

describe('four references to objects of 40,000 keys in each of four namespaces', () => {
  it.each([
    // Three more than the chart gives: from source the program takes nine before it reads anything.
    ['the reconciler', ['--max-semi-space-size=1', '--max-old-space-size=32'], {}],
    ['the webhook', ['--max-semi-space-size=2', '--max-old-space-size=48'], { withHash: false }],
  ])('do not end %s with the heap that the chart gives it, and take next to no memory', async (_, flags, settings) => {
    const { port } = server.address() as AddressInfo;
    const args = [...flags, '--input-type=module', '--eval', program(port, settings)];
    const allocator = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '20480', MALLOC_TRIM_THRESHOLD_: '65536' };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...allocator } });
    const found = JSON.parse(stdout) as { states: string[]; hashes: number; grownMegabytes: number };
    expect(found.states).toEqual(Array.from({ length: 32 }, () => 'found,true,7'));
    expect(found.hashes).toBe(1);
    expect(found.grownMegabytes).toBeLessThan(48);
  });
});
