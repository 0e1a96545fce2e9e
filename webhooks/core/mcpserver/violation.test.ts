import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FieldPath } from './violation.ts';
import { pointerTo, renderPath } from './violation.ts';

describe('renderPath', () => {
  it.each<[FieldPath, string]>([
    [[], ''],
    [['spec'], 'spec'],
    [['spec', 'config', 'env', 0, 'name'], 'spec.config.env[0].name'],
    [['spec', 'extraLabels', 'team/owner'], 'spec.extraLabels[team/owner]'],
    [['spec', 'extraLabels', 'a.b'], 'spec.extraLabels[a.b]'],
    [['spec', 'extraLabels', ''], 'spec.extraLabels[]'],
  ])('writes %j as %s', (path, text) => {
    expect(renderPath(path)).toBe(text);
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
