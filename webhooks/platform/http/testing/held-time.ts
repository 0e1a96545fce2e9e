import { afterEach, beforeEach, jest } from '@jest/globals';

/**
 * In each test of the file, time passes for our timers and `performance.now()` only when the test says so
 * (`jest.advanceTimersByTime`), however busy the machine is. Connections go on, and so do timers inside of Node.
 */
export function useHeldTime(): void {
  beforeEach(holdTime);
  afterEach(() => {
    jest.useRealTimers();
  });
}

/** As {@link useHeldTime}, in one test of a file that calls `jest.useRealTimers()` after each. */
export function holdTime(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] });
}
