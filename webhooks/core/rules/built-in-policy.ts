import { atOwnSeverity } from '../engine/policy.ts';
import { rules } from './index.gen.ts';

/** What judges where nobody says anything else. */
export const builtInPolicy = atOwnSeverity(rules);
