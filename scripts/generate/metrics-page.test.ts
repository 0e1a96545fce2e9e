import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { registeredMetrics } from './metrics-page.ts';

const { webhook, reconciler, perServer } = registeredMetrics();
const names = [...webhook, ...reconciler, ...perServer].map(({ name }) => name);

/** Sources of the programs that make metrics; types alone make none. */
function registeringFiles(): readonly string[] {
  const sources = readdirSync('webhooks', { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.test)\.ts$/.test(file) && !file.includes('/testing/'))
    .sort();
  return sources.filter((file) =>
    /^import (?!type).*'prom-client'/m.test(readFileSync(join('webhooks', file), 'utf8')),
  );
}

it('knows every file that registers metrics', () => {
  expect(registeringFiles()).toEqual([
    ...['admission/metrics.ts', 'bridge/metrics.ts', 'platform/kube/count-requests.ts', 'platform/metrics.ts'],
    ...['platform/policy/metrics.ts', 'reconciler/metrics.ts', 'reconciler/per-server-metrics.ts'],
  ]);
});

it('pages name only metrics that exist', () => {
  const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const named = pages.flatMap(
    (page) =>
      readFileSync(join('docs', page), 'utf8').match(/\b(?:mcp_lifecycle|mcpserver|nodejs|process)_[a-z0-9_]+/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(names.length);
  const isKnown = (name: string): boolean => names.includes(name.replace(/_(?:bucket|sum|count)$/, ''));
  expect([...new Set(named)].filter((name) => !names.includes(name) && !isKnown(name))).toEqual([]);
});

it('ports are those of the chart', () => {
  const page = readFileSync('docs/reference/metrics.md', 'utf8');
  const service = readFileSync('chart/templates/metrics-service.yaml', 'utf8');
  const ports = [...service.matchAll(/- name: (\w+)\n\s+port: (\d+)/g)].map(
    ([, name, port]) => `| \`${name}\` | ${port} |`,
  );
  expect(ports).toHaveLength(2);
  for (const port of ports) expect(page).toContain(port);
});
