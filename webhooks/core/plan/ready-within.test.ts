import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { readyWithinSeconds } from './ready-within.ts';

const within = (readinessProbe: object): number =>
  readyWithinSeconds(applyDefaults(anMCPServer(withSpec({ runtime: { health: { readinessProbe } } }))));

describe('readyWithinSeconds', () => {
  it('is a minute for whoever asks for less', () => {
    expect(readyWithinSeconds(applyDefaults(anMCPServer()))).toBe(60);
    expect(within({ tcpSocket: { port: 8080 }, periodSeconds: 1 })).toBe(60);
  });

  it('is what the probe allows', () => {
    const probe = { tcpSocket: { port: 8080 }, initialDelaySeconds: 120, periodSeconds: 20, failureThreshold: 5 };
    expect(within(probe)).toBe(220);
  });

  it('is a day for a failureThreshold that allows centuries', () => {
    expect(within({ tcpSocket: { port: 8080 }, failureThreshold: 1_000_000 })).toBe(86_400);
  });
});
