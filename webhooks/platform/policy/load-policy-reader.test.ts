import { describe, expect, it } from '@jest/globals';
import { loadPolicyReader } from './load-policy-reader.ts';

const readPolicyText = await loadPolicyReader();

const head = 'apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\n';

describe('a policy as text', () => {
  it('is YAML or JSON', () => {
    for (const text of [
      `${head}rules:\n  image-tag-pinned:\n    action: deny\n`,
      '{"apiVersion": "mcp-lifecycle.policy/v1alpha1", "kind": "Policy", "rules": {"image-tag-pinned": {"action": "deny"}}}',
    ]) {
      const read = readPolicyText(text);
      const entries = read.ok ? read.policy.entriesFor('tools') : [];
      expect(entries.find(({ rule }) => rule.id === 'image-tag-pinned')).toMatchObject({ severity: 'deny' });
    }
  });

  it('may name rules that this release does not have, which is told', () => {
    expect(readPolicyText(`${head}rules:\n  of-tomorrow: {action: deny}\n`)).toMatchObject({
      ...{ ok: true, ignored: [expect.stringMatching(/^rules\.of-tomorrow: /)] },
    });
  });

  it.each([
    ['nothing', '', /0 documents/],
    ['two documents', `${head}---\n${head}`, /2 documents/],
    ['no YAML', `${head}rules: [`, /^line \d+: /],
    ['another kind', 'apiVersion: v1\nkind: Secret\n', /apiVersion/],
    ['a misspelt action', `${head}rules:\n  image-tag-pinned: {action: refuse}\n`, /rules\.image-tag-pinned\.action/],
    ['more than a heap has room for', `${head}rules: [${'[],'.repeat(50_000)}]`, /at most 30000 are read/],
    ['long, and not in block style', `${head}rules: {${'a: {},'.repeat(3_000)}}`, /and 6000 where not every key/],
    ['longer than any style may be', `${head}exemptions:\n${'- rule: a\n  name: b\n'.repeat(8_000)}`, /at most 30000/],
  ])('is none where it is %s, and says why', (_what, text, problem) => {
    const read = readPolicyText(text);
    expect(read).toMatchObject({ ok: false });
    expect(read.ok ? '' : read.problem).toMatch(problem);
  });

  it('has room for a thousand exemptions', () => {
    const exemption = (index: number): string =>
      `- rule: image-tag-pinned\n  namespace: tools\n  name: s${index}\n  reason: old\n  owner: team\n  expires: "2030-01-01"\n`;
    const text = `${head}exemptions:\n${Array.from({ length: 1_000 }, (_, index) => exemption(index)).join('')}`;
    expect(readPolicyText(text)).toMatchObject({ ok: true, ignored: [] });
  });
});
