import type { Default } from './default.ts';

export const referenceReadinessProbe: Default = {
  id: 'reference-readiness-probe',
  profile: 'reference',
  notStored: 'reads other fields',
  summary: 'A pod gets traffic as soon as it accepts TCP connections on its port, which the probe has as a number.',
  apply({ spec }, added) {
    const health = spec.runtime?.health;
    // With stdio the bridge answers at the port, and has a probe of its own.
    if (health?.readinessProbe !== undefined || spec.extensions?.stdio !== undefined) return;
    added.setHealth({
      ...health,
      readinessProbe: {
        tcpSocket: { port: spec.config.port },
        periodSeconds: 10,
        timeoutSeconds: 1,
        successThreshold: 1,
        failureThreshold: 3,
      },
    });
  },
};
