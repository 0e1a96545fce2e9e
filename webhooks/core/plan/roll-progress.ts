import type { RollProgress } from '../rollout/rollout.ts';
import type { DeploymentStatus } from './observed.ts';
import type { Serving } from './serving.ts';
import type { StatusInput } from './status-input.ts';

export interface RollProgressInput extends Pick<
  StatusInput,
  'deployment' | 'verification' | 'answeredBy' | 'isApplied'
> {
  readonly serving: Serving;
  /** What the new pods fail of. */
  readonly why: string | undefined;
}

/** How far the newest template of what serves has got, and what its pods have answered. */
export function rollProgress(input: RollProgressInput): RollProgress {
  const { deployment, serving, isApplied, why } = input;
  if (deployment === undefined || isApplied === false) return { state: 'rolling' };
  const late = lateness(deployment, why);
  if (late !== undefined) return late;
  // Where nobody tells of pods, the Deployment counts them.
  return serving.isRolling || deployment.readyReplicas === 0 ? { state: 'rolling' } : completed(input);
}

function lateness(
  { conditions, generation, observedGeneration }: DeploymentStatus,
  why: string | undefined,
): RollProgress | undefined {
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  if (progressing?.reason !== 'ProgressDeadlineExceeded' || observedGeneration < generation) return undefined;
  const said = [why, progressing.message].filter((text) => text !== undefined);
  const message = said.length === 0 ? 'the Deployment has not got on for its deadline' : said.join('; ');
  return { state: 'late', message: `New pods do not come up: ${message}` };
}

function completed({ verification, answeredBy, serving }: RollProgressInput): RollProgress {
  if (answeredBy?.podSet !== serving.podSet) return { state: 'complete', answer: 'none' };
  switch (verification.state) {
    case 'not-attempted':
      return { state: 'complete', answer: 'none' };
    case 'throttled':
      return { state: 'complete', answer: 'throttled' };
    case 'failed':
      return { state: 'complete', answer: 'bad', message: verification.message };
    case 'verified':
    case 'auth-required':
      return { state: 'complete', answer: 'good' };
  }
}
