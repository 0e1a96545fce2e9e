import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FieldPath } from './violation.ts';
import { pointerTo, renderCleanPath, renderPath } from './violation.ts';

describe('renderPath', () => {
  it.each<[FieldPath, string]>([
    [[], ''],
    [['spec'], 'spec'],
    [['spec', 'config', 'env', 0, 'name'], 'spec.config.env[0].name'],
    [['spec', 'extraLabels', 'team/owner'], 'spec.extraLabels[team/owner]'],
    [['spec', 'extraLabels', 'a.b'], 'spec.extraLabels[a.b]'],
    [['spec', 'extraLabels', ''], 'spec.extraLabels[]'],
    [['spec', 'extraLabels', 'Team-2_a'], 'spec.extraLabels.Team-2_a'],
    [['spec', 'extraLabels', '2nd'], 'spec.extraLabels[2nd]'],
    [['spec', 'extraLabels', '-x'], 'spec.extraLabels[-x]'],
    [['spec', 'extraLabels', 'größe'], 'spec.extraLabels[größe]'],
    [['spec', 'extraLabels', 'a\n'], 'spec.extraLabels[a\n]'],
  ])('writes %j as %s', (path, text) => {
    expect(renderPath(path)).toBe(text);
  });

  it('gives to be cleaned whatever is no name and no number', () => {
    const clean = (key: string): string => key.toUpperCase();
    expect(renderCleanPath(['spec', 'extraLabels', 'a/b', 0, 'x'], clean)).toBe('spec.extraLabels[A/B][0].x');
  });
});

describe('pointerTo', () => {
  it.each<[readonly string[], string]>([
    [[], ''],
    [['spec', 'config', 'env'], '/spec/config/env'],
    [['metadata', 'annotations', 'team/owner'], '/metadata/annotations/team~1owner'],
    [['metadata', 'annotations', '~1'], '/metadata/annotations/~01'],
  ])('writes %j as %s', (path, pointer) => {
    expect(path.reduce(pointerTo, '')).toBe(pointer);
  });

  it('loses nothing: unescaping in the order of RFC 6901 gives the segments back', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => {
        const back = segments
          .reduce(pointerTo, '')
          .split('/')
          .slice(1)
          .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
        expect(back).toEqual(segments);
      }),
    );
  });
});
