import { groupCommands } from './command-group.ts';
import { policyCheck } from './policy-check.ts';
import { policyTry } from './policy-try.ts';

/** What can be done with a policy. */
export const policy = groupCommands('policy', { check: policyCheck, try: policyTry });
