import { describe, expect, it } from '@jest/globals';
import type { Finding } from './finding.ts';
import {
  maxDenialLength,
  maxWarningLength,
  renderDenial,
  renderLine,
  renderSentence,
  renderToleratedWarning,
  renderWarning,
  renderWarnings,
} from './render.ts';
import { lengthOf } from './text.ts';

const root: Finding = {
  ruleId: 'run-as-non-root',
  severity: 'deny',
  path: ['spec', 'runtime', 'security', 'securityContext', 'runAsUser'],
  headline: 'container would run as root',
  detail: 'found runAsUser: 0',
  remedy: 'Set runAsUser to an id above 0, or remove it.',
};

const deep: Finding = { ...root, path: ['spec', 'config', 'env', 12, 'valueFrom', 'secretKeyRef', 'a'.repeat(200)] };

const many = (count: number): readonly Finding[] =>
  Array.from({ length: count }, (_, index) => ({ ...root, path: ['spec', 'config', 'env', index] }));

describe('renderSentence', () => {
  it('says what is wrong, what was found, what to do and which rule says so', () => {
    expect(renderSentence(root)).toMatchInlineSnapshot(
      `"container would run as root: found runAsUser: 0. Set runAsUser to an id above 0, or remove it. [run-as-non-root]"`,
    );
  });

  it('ends in a link to the rule when the documentation has a place', () => {
    expect(renderSentence(root, { docsBaseUrl: 'https://docs.example/rules/' })).toMatch(
      / \[run-as-non-root\] https:\/\/docs\.example\/rules\/run-as-non-root\.md$/,
    );
  });

  it('shortens what was found, and keeps the remedy and the rule id', () => {
    const text = renderSentence({ ...root, detail: `found '${'x'.repeat(5000)}'` });
    expect(lengthOf(text)).toBeLessThanOrEqual(600);
    expect(text).toMatch(/\. Set runAsUser to an id above 0, or remove it\. \[run-as-non-root\]$/);
  });
});

describe('renderLine', () => {
  it('puts the path before the sentence', () => {
    expect(renderLine(root)).toMatchInlineSnapshot(
      `"spec.runtime.security.securityContext.runAsUser: container would run as root: found runAsUser: 0. Set runAsUser to an id above 0, or remove it. [run-as-non-root]"`,
    );
  });

  it('keeps a value with line breaks and control characters on its line', () => {
    const line = renderLine({ ...root, path: ['spec', 'extraLabels', 'a\nb'], detail: 'found \u0007\u001b[31m\u202e' });
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('renderWarning', () => {
  it('is the path, the headline and the rule id', () => {
    expect(renderWarning(root)).toMatchInlineSnapshot(
      `"spec.runtime.security.securityContext.runAsUser: container would run as root [run-as-non-root]"`,
    );
  });

  it.each([
    ['a long path', deep],
    ['a long headline', { ...root, headline: 'h'.repeat(300) }],
    ['a long path and a long headline', { ...deep, headline: 'h'.repeat(300) }],
    ['characters outside the basic plane', { ...root, headline: '\u{1F980}'.repeat(200) }],
    ['line breaks', { ...root, headline: 'a\nb\r\nc' }],
  ])('stays one line within the limit, with its rule id: %s', (_, finding) => {
    const text = renderWarning(finding);
    expect(lengthOf(text)).toBeLessThanOrEqual(maxWarningLength);
    expect(text).toMatch(/^spec\..* \[run-as-non-root\]$/u);
    expect(text).not.toMatch(/\p{Cc}/u);
  });

  it('keeps the whole path of a long warning: the headline loses its end', () => {
    const path = ['spec', 'config', 'storage', 0, 'source', 'configMap', 'name'];
    const headline = "ConfigMap 'not-there-yet' not found in namespace 'mcp-quickstart'";
    const text = renderWarning({ ...root, ruleId: 'config-map-exists', headline, path });
    expect(text).toBe(
      "spec.config.storage[0].source.configMap.name: ConfigMap 'not-there-yet' not found in namespace 'm... [config-map-exists]",
    );
    expect(lengthOf(text)).toBe(maxWarningLength);
  });

  const podSecurityContext = ['spec', 'runtime', 'security', 'podSecurityContext'];

  it.each([
    [[...podSecurityContext, 'windowsOptions', 'gmsaCredentialSpecName'], 'spec...gmsaCredentialSpecName'],
    [[...podSecurityContext, 'supplementalGroups', 1], 'spec...supplementalGroups[1]'],
    [[...podSecurityContext, 'sysctls', 12, 'name'], 'spec.runtime.security...name'],
  ])('leaves out whole segments of a path that leaves no room for a headline: %j', (path, shown) => {
    const text = renderWarning({ ...root, path, ruleId: 'r'.repeat(57) });
    expect(text.startsWith(`${shown}: container would run as root [`)).toBe(true);
  });

  it('shortens the path in the middle', () => {
    expect(renderWarning(deep)).toMatch(/^spec\.config\.env\[12\].*\.\.\.a+: container would run a\.\.\. \[/);
  });
});

describe('renderWarnings', () => {
  it.each([
    [0, 0, undefined],
    [10, 10, 'spec.config.env[9]: container would run as root [run-as-non-root]'],
    [11, 11, '+1 more finding'],
    [13, 11, '+3 more findings'],
  ])('shows %i findings as %i lines', (count, lines, last) => {
    const warnings = renderWarnings(many(count));
    expect(warnings).toHaveLength(lines);
    expect(warnings.at(-1)).toBe(last);
  });
});

describe('what was there before', () => {
  it('is said to be so, within the limit', () => {
    expect(renderToleratedWarning(root)).toBe(
      'spec.runtime.security.securityContext.runAsUser: container would run as root (not new) [run-as-non-root]',
    );
    expect(lengthOf(renderToleratedWarning({ ...deep, headline: 'h'.repeat(300) }))).toBe(maxWarningLength);
  });

  it('comes before the other warnings, within the same number of lines', () => {
    const warnings = renderWarnings(many(12), [root, root]);
    expect(warnings.map((text) => text.includes('(not new)'))).toEqual([
      ...[true, true],
      ...Array.from({ length: 9 }, () => false),
    ]);
    expect(warnings.at(-1)).toBe('+4 more findings');
    expect(renderWarnings(many(1), many(11)).at(-1)).toBe('+2 more findings');
  });
});

describe('renderDenial', () => {
  it('has one cause for each finding', () => {
    expect(renderDenial([root])).toMatchInlineSnapshot(`
{
  "causes": [
    {
      "field": "spec.runtime.security.securityContext.runAsUser",
      "message": "container would run as root: found runAsUser: 0. Set runAsUser to an id above 0, or remove it. [run-as-non-root]",
    },
  ],
  "message": "spec.runtime.security.securityContext.runAsUser: container would run as root: found runAsUser: 0. Set runAsUser to an id above 0, or remove it. [run-as-non-root]",
}
`);
  });

  it('says how many findings it leaves out when there are too many to read', () => {
    const { causes, message } = renderDenial(many(100));
    const shown = causes.length - 1;
    expect(causes.at(-1)?.message).toBe(`+${100 - shown} more findings, not shown here.`);
    expect(lengthOf(message)).toBeLessThanOrEqual(maxDenialLength + 100);
    expect(shown).toBeGreaterThan(20);
    expect(renderDenial(many(shown + 1)).causes.at(-1)?.message).toBe('+1 more finding, not shown here.');
  });
});
