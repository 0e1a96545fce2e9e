import { expect, it } from '@jest/globals';
import { whyNoPod } from './no-pod.ts';

it.each([
  [
    'pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2',
    'no-pod QuotaExceeded',
  ],
  ['pods "x" is forbidden: minimum cpu usage per Container is 100m, but request is 50m', 'no-pod CandidateNotCreated'],
  [
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    'no-pod CandidateNotCreated',
  ],
  ['admission webhook "validate.kyverno.svc-fail" denied the request: label app is required', 'refused'],
  [
    "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'labels' with binding 'all' denied request: label app is required",
    'refused',
  ],
])('a pod that cannot be created as it says %j is %s', (message, expected) => {
  const found = whyNoPod(message);
  expect(found).toHaveProperty('message', message);
  expect(found.state === 'no-pod' ? `${found.state} ${found.reason}` : found.state).toBe(expected);
});
