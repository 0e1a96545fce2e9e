import { reportSchema } from './schemas/check.ts';
import { conversionSchema } from './schemas/convert.ts';
import { diffSchema } from './schemas/diff.ts';
import { factsSchema } from './schemas/facts.ts';
import type { OutputSchema } from './schemas/json-schema.ts';
import { namespacesSchema } from './schemas/namespaces.ts';
import { policyCheckSchema } from './schemas/policy-check.ts';
import { policyTrySchema } from './schemas/policy-try.ts';
import { rolloutHistorySchema } from './schemas/rollout-history.ts';
import { rolloutStatusSchema } from './schemas/rollout-status.ts';
import { rulesSchema } from './schemas/rules.ts';
import { doctorSchema } from './schemas/doctor.ts';
import { statusSchema } from './schemas/status.ts';
import { lockSchema } from './schemas/tool-contract.ts';
import { changesSchema } from './schemas/tool-contract-changes.ts';

/** One JSON output with what it is made of. */
interface DescribedOutput {
  /** What prints or writes it, behind the name of the program. */
  readonly command: string;
  readonly schema: OutputSchema;
}

/**
 * Every JSON of ours, by the name of its page in docs/reference; `render --output json` prints objects of Kubernetes.
 * Another one is a file in schemas/, and a line here.
 */
export const outputSchemas = {
  'check-report': { command: 'check --output json', schema: reportSchema },
  'diff-report': { command: 'diff --output json', schema: diffSchema },
  'conversion-report': { command: 'convert --report FILE', schema: conversionSchema },
  'rules-list': { command: 'rules --output json', schema: rulesSchema },
  'policy-check-report': { command: 'policy check --output json', schema: policyCheckSchema },
  'policy-try': { command: 'policy try --output json', schema: policyTrySchema },
  'namespaces-report': { command: 'report --output json', schema: namespacesSchema },
  'server-states': { command: 'status --output json', schema: statusSchema },
  'doctor-report': { command: 'doctor --output json', schema: doctorSchema },
  'tool-contract': { command: 'contract get --output json', schema: lockSchema },
  'tool-contract-changes': { command: 'contract diff --output json', schema: changesSchema },
  'rollout-status': { command: 'rollout status --output json', schema: rolloutStatusSchema },
  'rollout-history': { command: 'rollout history --output json', schema: rolloutHistorySchema },
  'facts-file': { command: 'check --record FILE', schema: factsSchema },
} as const satisfies Readonly<Record<string, DescribedOutput>>;
