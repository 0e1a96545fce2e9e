import { isRecord } from '../../mcpserver/record.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';

/**
 * Fields of an MCPServer's spec of which the template of its pods (pod-template.ts) has nothing: whoever adds a field that is
 * in no pod adds it here, and a test says so. A digest of all others is in statuses, so a row for a field that is stored
 * already makes servers that have it look changed.
 */
const fieldsInNoPod: readonly string[] = [
  ...['mcp', 'network', 'transport', 'gateway', 'runtime.replicas'],
  ...['extensions.verification', 'extensions.scheduling.disruptionBudget', 'extensions.toolContract'],
  ...['extensions.autoscaling', 'extensions.ingress', 'extensions.network', 'extensions.metrics.from'],
];

/** Fields that are in no pod either, and in that digest all the same: releases have written it with them. */
export const digestedAnyhow: readonly string[] = [
  'source.type',
  'config.path',
  ...['kind', 'path', 'interval', 'labels'].map((name) => `extensions.metrics.${name}`),
];

/**
 * What of a spec is in pods, written as each release before has written it: nothing of a rollout but how long pods have to
 * end, and maps without entries, which are what is left when a patch takes the last one out, are no maps.
 */
export function inPods(spec: MCPServer['spec']): Fields {
  const { extraLabels, extraAnnotations, extensions } = spec;
  const { rollout, scheduling } = extensions ?? {};
  const settled = {
    ...spec,
    extraLabels: unlessEmpty(extraLabels),
    extraAnnotations: unlessEmpty(extraAnnotations),
    runtime: { ...spec.runtime },
    extensions: {
      ...extensions,
      rollout: { graceSeconds: rollout?.terminationGracePeriodSeconds },
      scheduling: { ...scheduling, nodeSelector: unlessEmpty(scheduling?.nodeSelector) },
    },
  };
  return fieldsInNoPod.reduce<Fields>((fields, path) => without(fields, path.split('.')), settled);
}

function without(fields: Fields, [name = '', ...below]: readonly string[]): Fields {
  const value = fields[name];
  if (below.length === 0) return { ...fields, [name]: undefined };
  return isRecord(value) ? { ...fields, [name]: without(value, below) } : fields;
}

function unlessEmpty<Value extends object>(map: Value | undefined): Value | undefined {
  return map === undefined || Object.keys(map).length === 0 ? undefined : map;
}
