import { groupCommands } from './command-group.ts';
import { contractDiff } from './contract-diff.ts';
import { contractGet } from './contract-get.ts';
import { contractVerify } from './contract-verify.ts';

/** What can be done with tool contracts. */
export const contract = groupCommands('contract', { get: contractGet, diff: contractDiff, verify: contractVerify });
