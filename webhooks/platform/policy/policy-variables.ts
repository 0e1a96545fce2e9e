/**
 * Variables of our containers that say where the policy is, what it has to say, and whom API servers ask. The programs read them as their own
 * environment; the command line reads them in the Deployment of a cluster.
 */
export const policyVariables = {
  configMap: 'POLICY_CONFIG_MAP',
  key: 'POLICY_KEY',
  service: 'WEBHOOK_SERVICE',
  compatibility: 'COMPATIBILITY_PROFILE',
} as const;

/** Key of the ConfigMap where no other one is named. */
export const defaultPolicyKey = 'policy.yaml';
