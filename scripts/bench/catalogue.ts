import { admissionLatency } from './admission-latency.ts';
import { admissionThroughput } from './admission-throughput.ts';
import { anyBody } from './any-body.ts';
import { applyToVerified } from './apply-to-verified.ts';
import { checkManifests } from './check-manifests.ts';
import { eightKinds } from './eight-kinds.ts';
import { everythingOn } from './everything-on.ts';
import { failedAdmissions } from './failed-admissions.ts';
import { foreignObjects } from './foreign-objects.ts';
import { fuzzAnswers } from './fuzz-answers.ts';
import { hostileTenants } from './hostile-tenants.ts';
import { largeObjects } from './large-objects.ts';
import { manyRollouts } from './many-rollouts.ts';
import type { Measurement } from './measurement.ts';
import { memory } from './memory.ts';
import { policyChange } from './policy-change.ts';
import { quiet } from './quiet.ts';
import { rolloutsOnCluster } from './rollouts-on-cluster.ts';
import { ruleCosts } from './rule-costs.ts';
import { sharedConfiguration } from './shared-configuration.ts';
import { startUp } from './start-up.ts';
import { stdioBridge } from './stdio-bridge.ts';
import { stuckSenders } from './stuck-senders.ts';
import { thousandServers } from './thousand-servers.ts';

/** Everything that is measured: those that need no cluster first. */
export const measurements: readonly Measurement[] = [
  admissionThroughput,
  anyBody,
  largeObjects,
  ruleCosts,
  checkManifests,
  startUp,
  stuckSenders,
  stdioBridge,
  applyToVerified,
  admissionLatency,
  failedAdmissions,
  fuzzAnswers,
  hostileTenants,
  eightKinds,
  manyRollouts,
  sharedConfiguration,
  foreignObjects,
  thousandServers,
  everythingOn,
  rolloutsOnCluster,
  policyChange,
  memory,
  quiet,
];
