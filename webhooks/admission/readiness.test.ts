import { expect, it } from '@jest/globals';
import { createReadiness, type WebhookReadiness } from './readiness.ts';

const now = 1_000_000;

const complete: readonly ((readiness: WebhookReadiness) => void)[] = [
  (readiness) => {
    readiness.certificateChanged(now + 1);
  },
  (readiness) => {
    readiness.trusted('mutating');
  },
  (readiness) => {
    readiness.trusted('validating');
  },
];

function afterSteps(
  ...steps: readonly ((readiness: WebhookReadiness) => void)[]
): ReturnType<WebhookReadiness['read']> {
  const readiness = createReadiness(() => new Date(now), {
    isPolicySettled: () => true,
    hasLookedForApis: () => true,
  });
  for (const step of steps) step(readiness);
  return readiness.read();
}

it('is ready with a valid certificate that API servers were told to trust', () => {
  expect(afterSteps(...complete)).toEqual({ ready: true });
});

const notReady: readonly (readonly [string, readonly ((readiness: WebhookReadiness) => void)[], RegExp])[] = [
  ['there is no certificate', complete.slice(1), /certificate: none yet/],
  [
    'the certificate has expired',
    [
      ...complete,
      (readiness) => {
        readiness.certificateChanged(now);
      },
    ],
    /certificate: expired/,
  ],
  ['one configuration does not have our CA', complete.slice(0, 2), /validating webhook configuration/],
  [
    'it is stopping',
    [
      ...complete,
      (readiness) => {
        readiness.stopping();
      },
    ],
    /stopping/,
  ],
];

it.each(notReady)('is not ready while %s, and says so', (_, steps, reason) => {
  expect(afterSteps(...steps)).toEqual({ ready: false, reasons: [expect.stringMatching(reason)] });
});

it('is not ready before the policy was looked for, and says so', () => {
  let isSettled = false;
  const readiness = createReadiness(() => new Date(now), {
    isPolicySettled: () => isSettled,
    hasLookedForApis: () => true,
  });
  for (const step of complete) step(readiness);
  expect(readiness.read()).toEqual({ ready: false, reasons: ['policy: not read yet'] });
  isSettled = true;
  expect(readiness.read()).toEqual({ ready: true });
});

it('is not ready before optional APIs were looked for: hosts that nothing opens would pass', () => {
  let hasLooked = false;
  const readiness = createReadiness(() => new Date(now), {
    isPolicySettled: () => true,
    hasLookedForApis: () => hasLooked,
  });
  for (const step of complete) step(readiness);
  expect(readiness.read()).toEqual({ ready: false, reasons: ['optional APIs: not looked for yet'] });
  hasLooked = true;
  expect(readiness.read()).toEqual({ ready: true });
});
