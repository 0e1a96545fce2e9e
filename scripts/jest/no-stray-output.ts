// A stray console line fails the test that printed it: programs log through platform/log, tests assert instead.
import { afterEach, beforeEach, expect, jest } from '@jest/globals';

const methods = ['log', 'info', 'warn', 'error'] as const;

let printed: unknown[][] = [];

beforeEach(() => {
  printed = [];
  for (const method of methods) jest.spyOn(console, method).mockImplementation((...parts) => void printed.push(parts));
});

afterEach(() => {
  jest.restoreAllMocks();
  expect(printed).toEqual([]);
});
