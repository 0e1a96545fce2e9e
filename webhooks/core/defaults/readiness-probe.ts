import type { Default } from './default.ts';

export const readinessProbe: Default = {
  id: 'readiness-probe',
  notStored: 'is one whole',
  summary: 'A pod gets traffic as soon as it accepts TCP connections on its port, and only while it does.',
  apply({ spec }, added) {
    const health = spec.runtime?.health;
    // With stdio the bridge answers at the port, and has a probe of its own.
    if (health?.readinessProbe !== undefined || spec.extensions?.stdio !== undefined) return;
    added.setHealth({
      ...health,
      readinessProbe: {
        // By name: the same text for every server, and nothing to change when the port does.
        tcpSocket: { port: 'mcp' },
        periodSeconds: 10,
        timeoutSeconds: 1,
        successThreshold: 1,
        failureThreshold: 3,
      },
    });
  },
};
