import { describe, expect, it } from '@jest/globals';
import { growth, quantile, writesTo, type Metric } from './api-metrics.ts';

const bucket = (le: string, value: number): Metric => ({ name: 'x_bucket', labels: { le }, value });

describe('a quantile of a histogram', () => {
  it.each([
    [0.5, 1],
    [0.75, 1.5],
    [0.99, 1.98],
  ])('lies between the ends of its bucket: %d', (share, expected) => {
    expect(quantile([bucket('1', 50), bucket('2', 100), bucket('+Inf', 100)], share)).toBeCloseTo(expected);
  });

  it('is the largest finite end when the bucket has none', () => {
    expect(quantile([bucket('1', 0), bucket('+Inf', 10)], 0.5)).toBe(1);
  });

  it('counts several series as one', () => {
    const series = [bucket('1', 50), bucket('2', 50), bucket('+Inf', 50)];
    expect(quantile([...series, ...[bucket('1', 0), bucket('2', 50), bucket('+Inf', 50)]], 0.5)).toBe(1);
  });

  it('is no number when nothing was observed', () => {
    expect(() => quantile([bucket('+Inf', 0)], 0.5)).toThrow('nothing was observed');
  });
});

it('counts from nothing what was not there before', () => {
  expect(growth([bucket('1', 2)], [bucket('1', 5), bucket('2', 7)]).map(({ value }) => value)).toEqual([3, 7]);
});

it('counts writes to what is ours, and no status that Kubernetes writes', () => {
  const request = (verb: string, resource: string, subresource = ''): Metric => ({
    ...{ name: 'apiserver_request_total', labels: { verb, resource, subresource } },
    value: 1,
  });
  const written = [request('APPLY', 'deployments'), request('APPLY', 'mcpservers', 'status')];
  const others = [
    ...[request('GET', 'deployments'), request('PUT', 'deployments', 'status'), request('POST', 'pods')],
    { ...request('POST', 'mcpservers'), value: 0 },
  ];
  expect(writesTo(['deployments', 'mcpservers'], [...written, ...others])).toEqual(written);
});
