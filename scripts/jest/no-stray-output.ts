// A stray console line fails the test that printed it: programs log through platform/log, tests assert instead.
import { afterEach, beforeEach, expect, jest } from '@jest/globals';

const methods = ['log', 'info', 'warn', 'error'] as const;

beforeEach(() => {
  for (const method of methods) jest.spyOn(console, method).mockImplementation(() => undefined);
});

afterEach(() => {
  for (const method of methods) expect(console[method]).not.toHaveBeenCalled();
  jest.restoreAllMocks();
});
