import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createAdmissionMetrics, type AdmissionMetrics } from './metrics.ts';

// That each of these moves on a real request is proven in server.test.ts and start.test.ts; here: names and labels,
// which dashboards and alerts depend on.
const cases: readonly (readonly [string, (metrics: AdmissionMetrics) => void])[] = [
  [
    'admission_duration_seconds_bucket{le="0.005",webhook="validate",operation="CREATE",decision="denied"} 1',
    (metrics) => {
      metrics.answered({ webhook: 'validate', operation: 'CREATE', decision: 'denied', seconds: 0.004 });
    },
  ],
  [
    'admission_denials_total{rule="name-usable"} 1',
    (metrics) => {
      metrics.denied(['name-usable', 'run-as-non-root']);
    },
  ],
  [
    'admission_skipped_total{reason="kind"} 1',
    (metrics) => {
      metrics.skipped('kind');
    },
  ],
  ['webhook_ready 0', () => undefined],
  ['certificate_expiry_timestamp_seconds{certificate="serving"} 3600', () => undefined],
  ['certificate_expiry_timestamp_seconds{certificate="ca"} 7200', () => undefined],
  ['certificate_remaining_seconds{certificate="serving"} 3540', () => undefined],
  ['certificate_remaining_ratio{certificate="ca"} 0.9916666666666667', () => undefined],
  [
    'admission_look_ups_total{result="timeout"} 1',
    (metrics) => {
      metrics.lookedUp('timeout');
    },
  ],
  [
    'webhook_configuration_foreign_changes_total{configuration="validating",change="deleted"} 1',
    (metrics) => {
      metrics.foreignChange('validating', 'deleted');
    },
  ],
  ['ca_rotation_phase{phase="trusting"} 1', () => undefined],
  ['ca_rotation_phase{phase="none"} 0', () => undefined],
];

it.each(cases)('exposes %s', async (line, act) => {
  const registry = new Registry();
  act(
    createAdmissionMetrics(registry, {
      isReady: () => false,
      certificateLives: () => ({ serving: { from: 0, to: 3_600_000 }, ca: { from: 0, to: 7_200_000 } }),
      rotationPhase: () => 'trusting',
      now: () => new Date(60_000),
    }),
  );
  expect((await registry.metrics()).split('\n')).toContain(`mcp_lifecycle_${line}`);
});

it('goes on counting denials from one scrape to the next', async () => {
  const registry = new Registry();
  const metrics = createAdmissionMetrics(registry, {
    isReady: () => true,
    certificateLives: () => ({}),
    rotationPhase: () => 'none',
    now: () => new Date(),
  });
  metrics.denied(['name-usable', 'run-as-non-root']);
  expect(await registry.metrics()).toContain('admission_denials_total{rule="name-usable"} 1\n');
  expect(await registry.metrics()).toContain('admission_denials_total{rule="name-usable"} 1\n');
  metrics.denied(['name-usable']);
  const text = await registry.metrics();
  expect(text).toContain('admission_denials_total{rule="name-usable"} 2\n');
  expect(text).toContain('admission_denials_total{rule="run-as-non-root"} 1\n');
});

it('says nothing about a certificate that does not exist yet', async () => {
  const registry = new Registry();
  createAdmissionMetrics(registry, {
    isReady: () => false,
    certificateLives: () => ({}),
    rotationPhase: () => 'none',
    now: () => new Date(),
  });
  expect(await registry.metrics()).not.toMatch(/certificate_expiry_timestamp_seconds\{certificate/);
});
