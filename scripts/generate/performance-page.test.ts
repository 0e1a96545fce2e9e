import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { measurements } from '../bench/catalogue.ts';
import type { Measurement } from '../bench/measurement.ts';
import { renderSection, renderSizing } from './performance-page.ts';

const bar = { what: 'Time | of a thing', bar: '< 1 s' };
const measurement: Measurement = {
  name: 'a-thing',
  method: 'It is done.',
  minutes: 1,
  bars: [bar],
  run: () => Promise.resolve([]),
};

const made = { date: '2026-01-01', commit: 'abc', machine: '2 cores', method: 'It was done otherwise.' };

describe('a measurement', () => {
  it('shows its bars before it was ever made', () => {
    const page = renderSection(measurement, undefined);
    expect(page).toContain('It is done.');
    expect(page).toContain('Not measured yet.');
    expect(page).toContain('| Time \\| of a thing | < 1 s |');
  });

  it.each([
    [true, '| Time \\| of a thing | 0.5 s | < 1 s | yes | of 5 |'],
    [false, '| Time \\| of a thing | 0.5 s | < 1 s | **no** | of 5 |'],
  ])('shows what was recorded last, and whether the bar is met: %s', (isMet, row) => {
    const figures = [{ ...bar, measured: '0.5 s', isMet, remark: 'of 5' }];
    const page = renderSection(measurement, { ...made, figures });
    expect(page).toContain('2026-01-01, commit abc, 2 cores.');
    expect(page).toContain('It was done otherwise.');
    expect(page).not.toContain('It is done.');
    expect(page).toContain(row);
    expect(page).not.toContain('Not measured yet.');
  });
});

it.each(measurements.map(({ name, bars }) => [name, bars] as const))('%s has bars, each said once', (_, bars) => {
  expect(bars.length).toBeGreaterThan(0);
  expect(new Set(bars.map(({ what }) => what)).size).toBe(bars.length);
});

describe('sizing', () => {
  const resources = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '96Mi' } };
  const values = { replicas: 2, webhook: { resources }, reconciler: { resources } };

  it('shows each default beside what was measured with it', () => {
    const figures = [{ what: 'Anonymous memory', measured: '40 MB', bar: '< 50 MB', isMet: true, remark: '1 | 2' }];
    const memory = { ...made, figures };
    const text = renderSizing({ memory }, values);
    expect(text).toContain('| memory of a container: limit | 96Mi | Anonymous memory: 40 MB (1 \\| 2) |');
    expect(text).toContain('| replicas | 2 | not measured yet<br>not measured yet');
  });
});

it('the page has the defaults of the chart', () => {
  const sizing = readFileSync('docs/performance.md', 'utf8').split('## sizing')[1];
  expect(sizing).toBeDefined();
  expect(sizing).not.toContain('undefined');
});
