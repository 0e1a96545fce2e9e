import type { ReferenceFacts, ReferenceState } from '../../../webhooks/core/engine/facts.ts';

/** How the names of objects begin that the bench does not find, and of those that it could not look up. */
export const absent = 'absent-';
export const hidden = 'hidden-';

const found: ReferenceState = {
  state: 'found',
  keys: new Set(['mode', 'token', 'ca.crt', ...Array.from({ length: 10 }, (_, index) => `key-${index}`)]),
};
const missing: ReferenceState = { state: 'missing' };
const unknown: ReferenceState = { state: 'unknown', reason: 'the API server did not answer in time' };

/** What servers of the bench reference, out of memory: the API server is not measured. */
export const facts: ReferenceFacts = {
  lookUp(_kind, name) {
    if (name.startsWith(absent)) return missing;
    return name.startsWith(hidden) ? unknown : found;
  },
};
