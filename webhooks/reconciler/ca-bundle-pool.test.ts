import { describe, expect, it } from '@jest/globals';

import { CaBundlePool } from './ca-bundle-pool.ts';

describe('CaBundlePool', () => {
  it('keeps equal bundles once, and different ones apart', () => {
    const pool = new CaBundlePool();
    const first = { certificates: ['a'], digest: '1' };
    expect(pool.share(first)).toBe(first);
    expect(pool.share({ certificates: ['a'], digest: '1' })).toBe(first);
    const other = { certificates: ['b'], digest: '2' };
    expect(pool.share(other)).toBe(other);
  });
});
