import { describe, expect, it } from '@jest/globals';
import { measurements } from '../bench/catalogue.ts';
import type { Measurement } from '../bench/measurement.ts';
import { renderSection } from './performance-page.ts';

const bar = { what: 'Time | of a thing', bar: '< 1 s' };
const measurement: Measurement = {
  name: 'a-thing',
  method: 'It is done.',
  minutes: 1,
  bars: [bar],
  run: () => Promise.resolve([]),
};

describe('a measurement', () => {
  it('shows its bars before it was ever made', () => {
    const page = renderSection(measurement, undefined);
    expect(page).toContain('Not measured yet.');
    expect(page).toContain('| Time \\| of a thing | < 1 s |');
  });

  it.each([
    [true, '| Time \\| of a thing | 0.5 s | < 1 s | yes | of 5 |'],
    [false, '| Time \\| of a thing | 0.5 s | < 1 s | **no** | of 5 |'],
  ])('shows what was recorded last, and whether the bar is met: %s', (isMet, row) => {
    const figures = [{ ...bar, measured: '0.5 s', isMet, remark: 'of 5' }];
    const page = renderSection(measurement, { date: '2026-01-01', commit: 'abc', machine: '2 cores', figures });
    expect(page).toContain('2026-01-01, commit abc, 2 cores.');
    expect(page).toContain(row);
    expect(page).not.toContain('Not measured yet.');
  });
});

it.each(measurements.map(({ name, bars }) => [name, bars] as const))('%s has bars, each said once', (_, bars) => {
  expect(bars.length).toBeGreaterThan(0);
  expect(new Set(bars.map(({ what }) => what)).size).toBe(bars.length);
});
