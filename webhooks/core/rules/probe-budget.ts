import type { JudgedContainer } from '../engine/judged-container.ts';
import type { ParametersOf } from '../engine/parameters.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { inside, pathTo, type Place } from '../mcpserver/place.ts';
import type { MCPServer, Probe } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachContainer } from './parts/security-contexts.ts';

const table = {
  minPeriodSeconds: {
    type: 'integer',
    minimum: 1,
    default: 5,
    help: 'No probe may be made more often than once in so many seconds.',
  },
  minLivenessSeconds: {
    type: 'integer',
    minimum: 1,
    default: 30,
    help: 'No container may be restarted before its liveness probe failed for so many seconds.',
  },
  maxReadinessSeconds: {
    type: 'integer',
    minimum: 1,
    default: 120,
    help: 'After so many seconds of failures at the latest, a pod gets no more requests.',
  },
  maxInitialDelaySeconds: {
    type: 'integer',
    minimum: 0,
    default: 300,
    help: 'Most seconds that a probe may wait before it is made for the first time.',
  },
} as const;

type Budget = ParametersOf<typeof table>;

export const probeBudget: Rule = defineRule({
  id: 'probe-budget',
  severity: 'warn',
  isOptIn: true,
  summary: 'Probes must be neither so often nor so impatient that they do harm, nor so patient that they are no use.',
  rationale:
    'A probe each second costs a server, and with a command the node, more than many of its requests. A liveness probe that ' +
    'gives up after a few seconds restarts a server that is merely busy, which makes the others busier: an outage that ' +
    'nobody asked for. And a readiness probe that takes minutes to notice a broken pod sends it requests all the while. How ' +
    'long is right is for the platform to say. The longest time until something happens is failureThreshold times ' +
    'periodSeconds, or timeoutSeconds where that is longer; the shortest is that of periodSeconds alone, because most probes ' +
    'fail at once. What is not set counts with its default, 3 times 10 seconds. A startup probe may take as long as it likes, ' +
    'for nothing depends on the pod yet.',
  remedy: 'Change periodSeconds, timeoutSeconds or failureThreshold of the probe.',
  parameters: table,
  examples: {
    accepts: [
      { title: 'the default probe' },
      {
        title: 'a liveness probe with its defaults',
        spec: withHealth({ livenessProbe: { httpGet: { path: '/healthz', port: 'mcp' } } }),
      },
      {
        title: 'as fast and as long as is allowed',
        spec: withHealth({
          livenessProbe: { tcpSocket: { port: 'mcp' }, periodSeconds: 5, failureThreshold: 6 },
          readinessProbe: {
            tcpSocket: { port: 'mcp' },
            periodSeconds: 40,
            failureThreshold: 3,
            initialDelaySeconds: 300,
          },
        }),
      },
    ],
    rejects: [
      {
        title: 'a probe each second',
        spec: withHealth({ readinessProbe: { tcpSocket: { port: 'mcp' }, periodSeconds: 1 } }),
      },
      {
        title: 'a restart after the first failure',
        spec: withHealth({ livenessProbe: { tcpSocket: { port: 'mcp' }, failureThreshold: 1 } }),
      },
      {
        title: 'a restart after the first failure with a long timeout, which a refused connection does not wait for',
        spec: withHealth({ livenessProbe: { tcpSocket: { port: 'mcp' }, failureThreshold: 1, timeoutSeconds: 300 } }),
      },
      {
        title: 'ten minutes with a broken pod',
        spec: withHealth({ readinessProbe: { tcpSocket: { port: 'mcp' }, periodSeconds: 60, failureThreshold: 10 } }),
      },
      {
        title: 'minutes with a broken pod because of a timeout',
        spec: withHealth({ readinessProbe: { tcpSocket: { port: 'mcp' }, timeoutSeconds: 60 } }),
      },
      {
        title: 'a startup probe each second',
        spec: { extensions: { startupProbe: { tcpSocket: { port: 'mcp' }, periodSeconds: 1, failureThreshold: 60 } } },
      },
      {
        title: 'an hour before the first probe',
        spec: withHealth({ readinessProbe: { tcpSocket: { port: 'mcp' }, initialDelaySeconds: 3600 } }),
      },
    ],
  },
  check: (input, budget) =>
    eachContainer(input, (container, { server }) => checkContainer(container, { server, budget })),
});

function checkContainer(
  { health, startupProbe }: JudgedContainer,
  { server, budget }: { readonly server: MCPServer; readonly budget: Budget },
): readonly Violation[] {
  const { livenessProbe, readinessProbe } = health.of(server) ?? {};
  const startup = startupProbe.of(server);
  return join(
    livenessProbe === undefined ? none : checkLiveness(livenessProbe, inside(health.place, 'livenessProbe'), budget),
    readinessProbe === undefined
      ? none
      : checkReadiness(readinessProbe, inside(health.place, 'readinessProbe'), budget),
    startup === undefined ? none : checkAny(startup, startupProbe.place, budget),
  );
}

function checkLiveness(probe: Probe, place: Place, budget: Budget): readonly Violation[] {
  const seconds = leastSecondsToFail(probe);
  if (seconds >= budget.minLivenessSeconds) return checkAny(probe, place, budget);
  const headline = 'the liveness probe restarts the container sooner than is allowed here';
  const remedy = `Let it fail for ${budget.minLivenessSeconds} seconds at least: failureThreshold times periodSeconds.`;
  return join(checkAny(probe, place, budget), [failing(seconds, place, { headline, remedy })]);
}

function checkReadiness(probe: Probe, place: Place, budget: Budget): readonly Violation[] {
  const seconds = mostSecondsToFail(probe);
  if (seconds <= budget.maxReadinessSeconds) return checkAny(probe, place, budget);
  const headline = 'the readiness probe takes longer to notice a broken pod than is allowed here';
  const remedy = `Let it fail after ${budget.maxReadinessSeconds} seconds at most: failureThreshold times periodSeconds.`;
  return join(checkAny(probe, place, budget), [failing(seconds, place, { headline, remedy })]);
}

function failing(
  seconds: number,
  place: Place,
  { headline, remedy }: Pick<Violation, 'headline'> & { readonly remedy: string },
): Violation {
  const path = pathTo(place, 'failureThreshold');
  return { path, headline, detail: `found ${seconds} seconds until it has failed`, cause: [seconds], remedy };
}

function checkAny(probe: Probe, place: Place, budget: Budget): readonly Violation[] {
  const period = orDefault(probe.periodSeconds, 10);
  const { initialDelaySeconds: delay = 0 } = probe;
  return join(
    period >= budget.minPeriodSeconds
      ? none
      : [
          {
            path: pathTo(place, 'periodSeconds'),
            headline: 'the probe is made more often than is allowed here',
            detail: `found periodSeconds: ${period}`,
            remedy: `Use ${budget.minPeriodSeconds} at least.`,
          },
        ],
    delay <= budget.maxInitialDelaySeconds
      ? none
      : [
          {
            path: pathTo(place, 'initialDelaySeconds'),
            headline: 'the probe begins later than is allowed here',
            detail: `found initialDelaySeconds: ${delay}`,
            remedy: `Use at most ${budget.maxInitialDelaySeconds}.`,
          },
        ],
  );
}

/** From the first failure of so many in a row until the last one counts, where each fails at once. */
function leastSecondsToFail({ failureThreshold, periodSeconds }: Probe): number {
  return orDefault(failureThreshold, 3) * orDefault(periodSeconds, 10);
}

/** The same where each waits for its timeout, and may be late for the next. */
function mostSecondsToFail({ failureThreshold, periodSeconds, timeoutSeconds }: Probe): number {
  const secondsEach = Math.max(orDefault(periodSeconds, 10), orDefault(timeoutSeconds, 1));
  return orDefault(failureThreshold, 3) * secondsEach;
}

/** Zero means the default as well: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes */
function orDefault(value: number | undefined, usual: number): number {
  return value === undefined || value === 0 ? usual : value;
}

function withHealth(health: object): Readonly<Record<string, unknown>> {
  return { runtime: { health } };
}
