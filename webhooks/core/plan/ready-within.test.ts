import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { hintAfterSeconds, readyWithinSeconds } from './ready-within.ts';

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

  it('begins when a startup probe may have succeeded at last', () => {
    const startupProbe = {
      tcpSocket: { port: 'mcp' },
      initialDelaySeconds: 5,
      periodSeconds: 10,
      failureThreshold: 30,
    };
    const server = applyDefaults(anMCPServer(withSpec({ extensions: { startupProbe } })));
    expect(readyWithinSeconds(server)).toBe(335);
    expect(hintAfterSeconds(server)).toBe(325);
  });

  it('is a day for a failureThreshold that allows centuries', () => {
    expect(within({ tcpSocket: { port: 8080 }, failureThreshold: 1_000_000 })).toBe(86_400);
  });
});
