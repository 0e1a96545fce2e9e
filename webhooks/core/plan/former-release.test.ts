import { describe, expect, it } from '@jest/globals';

import type { MCPServerStatus, PodFailure } from '../mcpserver/types.gen.ts';
import { formerPodFailure } from './former-release.ts';

/** Written by a release that kept no failure as data. */
function aStatus(message: string, status: 'True' | 'False' = 'False'): MCPServerStatus {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return { conditions: [{ type: 'Available', status, reason: 'DeploymentUnavailable', message, lastTransitionTime }] };
}

describe('what an earlier release said of a pod', () => {
  it.each<[string, PodFailure]>([
    [
      'Image pull failed for "example/search:1": back-off: "x" (pod: a)',
      { cause: 'ImagePull', image: 'example/search:1', detail: 'back-off: "x"', pod: 'a' },
    ],
    ['Container config error: no key (pod: a-1)', { cause: 'Configuration', detail: 'no key', pod: 'a-1' }],
    [
      'Pod cannot be scheduled: 0/1 (pod: x) fit (pod: a)',
      { cause: 'Unschedulable', detail: '0/1 (pod: x) fit', pod: 'a' },
    ],
    ['Container crashing: restarts: 1 (pod: a)', { cause: 'Crashing', restarts: 1, pod: 'a' }],
    [
      'Container crashing: exit code 2, restarts: 4+; no service account token is mounted (pod: a)',
      { cause: 'Crashing', exitCode: 2, restarts: 4, hint: 'Crash', pod: 'a' },
    ],
    [
      'Container crashing: exit code 0, restarts: 2+; it ends at once (pod: a)',
      { cause: 'Crashing', exitCode: 0, restarts: 2, hint: 'Stdio', pod: 'a' },
    ],
    [
      'Container OOMKilled: exit code 137, restarts: 64+ (pod: a)',
      { cause: 'OutOfMemory', exitCode: 137, restarts: 64, pod: 'a' },
    ],
    ['Container not passing health checks: restarts: 2+ (pod: a)', { cause: 'Unhealthy', restarts: 2, pod: 'a' }],
    [
      'Container not passing health checks: not ready 60 seconds after its start (pod: a)',
      { cause: 'Unhealthy', notReadyAfterSeconds: 60, pod: 'a' },
    ],
  ])('is understood: %s', (message, wanted) => {
    expect(formerPodFailure(aStatus(message))).toEqual(wanted);
  });

  it.each([
    ['Waiting for instances to become healthy', 'False'],
    ['Failed to reconcile Deployment: quota', 'False'],
    ['Container crashing: restarts: 1 (pod: a)', 'True'],
  ] as const)('is nothing in %s', (message, status) => {
    expect(formerPodFailure(aStatus(message, status))).toBeUndefined();
  });

  it('is not looked for in the words of a release that keeps it as data', () => {
    const ofOurs = { ...aStatus('Container crashing: restarts: 1 (pod: a)'), extensions: { release: '0.2.0' } };
    expect(formerPodFailure(ofOurs)).toBeUndefined();
  });

  it('is nothing where there is no status', () => {
    expect(formerPodFailure(undefined)).toBeUndefined();
  });
});
