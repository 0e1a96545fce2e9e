import type { RollProgress } from '../rollout/rollout.ts';
import type { DeploymentStatus, Verification, VerifiedEndpoint } from './observed.ts';
import { sayTools } from './say-tools.ts';
import type { Serving } from './serving.ts';
import type { StatusInput } from './status-input.ts';
import { judgeTools, toolDemandsOf } from './tool-demands.ts';
import { toolReasons } from './tool-reasons.ts';

export interface RollProgressInput extends Pick<
  StatusInput,
  'server' | 'previous' | 'deployment' | 'verification' | 'answeredBy' | 'isApplied'
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

function completed(input: RollProgressInput): RollProgress {
  const { verification, answeredBy, serving, deployment } = input;
  const sinceMs = deployment?.completeMs;
  if (answeredBy?.podSet !== serving.podSet) return { state: 'complete', answer: 'none' };
  switch (verification.state) {
    case 'not-attempted':
      return { state: 'complete', answer: 'none' };
    case 'throttled':
      return { state: 'complete', answer: 'throttled', message: verification.message, sinceMs };
    case 'failed': {
      const { message } = verification;
      return { state: 'complete', answer: isOurs(verification) ? 'unreached' : 'bad', message, sinceMs };
    }
    case 'verified':
    case 'auth-required':
      return byTools(input, verification);
  }
}

/** Whether it may be us who cannot ask: no connection at all (a mesh, a policy of somebody), or nothing to trust. */
export function isOurs({
  isUnanswered,
  isTlsConfiguration,
}: Extract<Verification, { readonly state: 'failed' }>): boolean {
  return isUnanswered === true || isTlsConfiguration === true;
}

/** Of a version that had no candidate, or whose candidate could not be asked, nobody has judged the tools before. */
function byTools({ server, previous }: RollProgressInput, answer: Up): RollProgress {
  const demands = toolDemandsOf(server, previous);
  const verdict = judgeTools(demands, answer);
  switch (verdict.state) {
    case 'pending':
      return { state: 'complete', answer: 'none' };
    case 'changed':
    case 'not-allowed': {
      const reason = verdict.state === 'changed' ? toolReasons.changed : toolReasons.notAllowed;
      const { message = reason } = sayTools(server, demands, verdict, { isHeldBack: true }) ?? {};
      return { state: 'not-allowed', reason, message };
    }
    case 'kept':
    case 'unknown':
      // What cannot be listed puts nothing back: it may be so of the version before, too.
      return { state: 'complete', answer: 'good', ...onlyAnswers(answer) };
  }
}

type Up = VerifiedEndpoint | Extract<Verification, { readonly state: 'auth-required' }>;

/** Of one that wants credentials nothing else is known; of an answer that is believed, not even which of both codes it was. */
export function onlyAnswers(answer: Up): { readonly onlyAnswers?: string } {
  if (answer.state === 'verified') return {};
  return { onlyAnswers: answer.isBelieved === true ? 'wants credentials' : `answers HTTP ${answer.statusCode}` };
}
