import { describe, expect, it } from '@jest/globals';
import { inside, pathTo, placeOf } from './place.ts';

describe('a place', () => {
  it('is written out as the path to it', () => {
    const place = inside(inside(placeOf('spec', 'config', 'env'), 2), 'valueFrom');
    expect(pathTo(place)).toEqual(['spec', 'config', 'env', 2, 'valueFrom']);
  });

  it('is written out with what is inside it', () => {
    expect(pathTo(placeOf('spec'), 'storage', 0, 'path')).toEqual(['spec', 'storage', 0, 'path']);
  });

  it('is the end of every path through it where no author writes what is inside', () => {
    const end = { ...placeOf('spec', 'extensions', 'bridge'), isEnd: true } as const;
    expect(pathTo(inside(end, 'securityContext'), 'privileged')).toEqual(['spec', 'extensions', 'bridge']);
  });
});
