import { describe, expect, it } from '@jest/globals';
import { isDataKey, isDnsLabel, isLabelValue, isQualifiedName, isSubdomain } from './kubernetes-names.ts';

const tables = {
  isSubdomain: {
    of: isSubdomain,
    accepts: ['a', '1', 'a-b.c', 'a'.repeat(253)],
    refuses: ['', 'A', 'a.', '-a', 'a..b', 'a_b', 'a\n', 'a'.repeat(254)],
  },
  isDnsLabel: { of: isDnsLabel, accepts: ['a', 'a-1', 'a'.repeat(63)], refuses: ['', 'a.b', 'a-', 'a'.repeat(64)] },
  isQualifiedName: {
    of: isQualifiedName,
    accepts: ['a', 'A_b.c', 'example.com/A', `${'a'.repeat(253)}/a`, 'a'.repeat(63)],
    refuses: ['', 'a/b/c', '/a', 'a/', 'Example.com/a', 'a b', '-a', 'a'.repeat(64), `${'a'.repeat(254)}/a`],
  },
  isLabelValue: {
    of: isLabelValue,
    accepts: ['', 'a', 'A.b-c_d', 'a'.repeat(63)],
    refuses: ['a b', '-a', 'a-', 'é', 'a\n', 'a'.repeat(64)],
  },
  isDataKey: {
    of: isDataKey,
    accepts: ['a', '.a', 'a..b', '_', 'k'.repeat(253)],
    refuses: ['', '.', '..', '..a', 'a/b', 'a b', 'é', 'k'.repeat(254)],
  },
};

describe.each(Object.entries(tables))('%s', (_, { of, accepts, refuses }) => {
  it.each(accepts.map((text) => [text]))('accepts %j', (text) => {
    expect(of(text)).toBe(true);
  });

  it.each(refuses.map((text) => [text]))('refuses %j', (text) => {
    expect(of(text)).toBe(false);
  });
});
