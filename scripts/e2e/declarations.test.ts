import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { declarationOf } from '../../e2e/harness/declaration.ts';

const folder = fileURLToPath(new URL('../../e2e/cases/', import.meta.url));
const cases = readdirSync(folder).map((name) => ({ name, path: `${folder}${name}/case.test.ts` }));

/** What of e2e/harness and scripts/ changes what all cases share. */
const changing =
  /\b(installChart|useGateway|uninstallChart|ensureInstalled|restoreChart|startCertManager|renewPods|rollOut|withoutFarewells|killReconciler|killLeader|whileNobodyLeads|killApiServer|restoreEtcd|pastTheWebhook|requestRotation|whileNothingIsCollected|changeStored)\b/g;

/** By hand: kubectl that writes into the namespace of our release. */
const writing =
  /\[\s*'(?:delete|scale|rollout|patch|annotate|label)'[^\]]*(?:release\.namespace|release\.name)|-n', release/g;

describe('an end-to-end case', () => {
  it.each(cases)('that changes what all share says `@alone`, and why: $name', ({ path }) => {
    const text = readFileSync(path, 'utf8');
    const found = [...text.matchAll(changing), ...text.matchAll(writing)].map(([match]) => match);
    const { alone } = declarationOf(path);
    if (found.length > 0) expect({ found, alone }).toEqual({ found, alone: expect.stringMatching(/^it .{10,}\.$/) });
    else if (alone !== undefined) expect(alone).toMatch(/^it .{10,}\.$/);
  });

  it.each(cases.filter(({ path }) => declarationOf(path).installs !== undefined))(
    'that says `@installs` runs alone, and begins with that: $name',
    ({ path }) => {
      expect(declarationOf(path).alone).toBeDefined();
      const text = readFileSync(path, 'utf8');
      const [, begins = text] = text.split('beforeAll(');
      const [first] =
        /\b(?:useGateway|installChart|uninstallChart|withPolicy|apply|kubectlOk|until\w+)(?=\()/.exec(begins) ?? [];
      expect(['useGateway', 'installChart', 'uninstallChart', 'withPolicy']).toContain(first);
    },
  );

  it('runs side by side with others unless it says so, and most do', () => {
    const alone = cases.filter(({ path }) => declarationOf(path).alone !== undefined);
    expect(alone.length).toBeGreaterThan(0);
    expect(alone.length).toBeLessThan(cases.length / 2);
  });
});
