import { expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { hintOnUnready } from './hint-on-unready.ts';

const hintWith = (readinessProbe: object | undefined): string => {
  const health = readinessProbe === undefined ? {} : { health: { readinessProbe } };
  return hintOnUnready(applyDefaults(anMCPServer(withSpec({ config: { port: 8123 }, runtime: health }))));
};

it.each<[string, object | undefined, RegExp]>([
  ['the default probe', undefined, /^nothing accepts connections on port 8123 \(spec\.config\.port\): /],
  ['a TCP probe of another port', { tcpSocket: { port: 9000 } }, /^nothing accepts connections on port 9000: /],
  [
    'an HTTP probe',
    { httpGet: { path: '/healthz', port: 'mcp' } },
    /^its readiness probe, GET \/healthz on port 8123 \(spec\.config\.port\), finds no success there/,
  ],
  ['an HTTP probe without a path', { httpGet: { port: 8123 } }, /GET \/ on port 8123 \(spec\.config\.port\)/],
  ['another probe', { exec: { command: ['true'] } }, /^its readiness probe .* does not succeed: kubectl describe pod/],
])('a server that is not ready is told the port that it is asked on: %s', (_, probe, wanted) => {
  expect(hintWith(probe)).toMatch(wanted);
});

it.each([undefined, { httpGet: { path: '/', port: 'mcp' } }])(
  'names 127.0.0.1 as what it may listen on (%#)',
  (probe) => {
    expect(hintWith(probe)).toContain('127.0.0.1 only?');
  },
);

it('does not send whoever has a startup probe to look for a port', () => {
  const server = anMCPServer(withSpec({ extensions: { startupProbe: { tcpSocket: { port: 'mcp' } } } }));
  expect(hintOnUnready(applyDefaults(server))).toMatch(/^its startup probe \(spec\.extensions\.startupProbe\)/);
});
