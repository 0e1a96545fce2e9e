import type { Candidate } from './rollout.ts';

/** Of a quota it says so: https://kubernetes.io/docs/concepts/policy/resource-quotas/ */
const quota = 'exceeded quota';
/** A webhook or an admission policy of the platform, which may ask for labels that only pods have that serve. */
const platform = /admission webhook|ValidatingAdmissionPolicy/;

/**
 * What follows from the words with which a pod of the candidate cannot be created: nobody gives a code for it. A policy that
 * refuses the candidate need not refuse a pod that serves, which has other labels; what is too much for a quota, a limit or
 * the Pod Security Standard of the namespace is so for both.
 */
export function whyNoPod(message: string): Candidate {
  if (message.includes(quota)) return { state: 'no-pod', reason: 'QuotaExceeded', message };
  return platform.test(message)
    ? { state: 'refused', message }
    : { state: 'no-pod', reason: 'CandidateNotCreated', message };
}
