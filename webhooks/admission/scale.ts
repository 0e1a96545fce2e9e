import { restrictTo, type Policy } from '../core/engine/policy.ts';
import { API } from '../core/mcpserver/api.ts';
import { ownValue } from '../core/mcpserver/record.ts';
import { allowed, type AdmissionRequest } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { createValidate, type ValidateOptions } from './validate.ts';

/**
 * Judges what `kubectl scale` and autoscalers write: they go through mcpservers/scale, past the webhook of MCPServers. A
 * Scale holds a number of replicas and nothing else, so the policy must be one {@link aboutReplicas}.
 */
export function createScale(options: ValidateOptions): Handler {
  const validate = createValidate(options);
  return (request, call) => {
    if (isScale(request)) return validate(asUpdate(request), call);
    options.onSkipped('kind');
    return allowed();
  };
}

/** The same policy, asked by the rules only that look at nothing but the number of replicas. */
export function aboutReplicas(policy: Policy): Policy {
  const known = byPolicy.get(policy);
  if (known !== undefined) return known;
  const asked = policy.rules.filter(({ isAboutReplicas }) => isAboutReplicas === true);
  const restricted = restrictTo(policy, new Set(asked.map(({ id }) => id)));
  byPolicy.set(policy, restricted);
  return restricted;
}

const byPolicy = new WeakMap<Policy, Policy>();

function isScale({ kind, subResource, operation }: AdmissionRequest): boolean {
  return kind.group === 'autoscaling' && kind.kind === 'Scale' && subResource === 'scale' && operation === 'UPDATE';
}

/** The update of an MCPServer of which nothing is known but its name and its replicas. */
function asUpdate(request: AdmissionRequest): AdmissionRequest {
  const { object, oldObject } = request;
  return {
    ...request,
    kind: { group: API.group, version: API.versions[0], kind: API.kind },
    subResource: '',
    object: toServer(request, object),
    oldObject: oldObject === undefined ? undefined : toServer(request, oldObject),
  };
}

/** A Scale of none leaves the number out: https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/ */
function toServer({ name, namespace }: AdmissionRequest, scale: unknown): unknown {
  const replicas = ownValue(ownValue(scale, 'spec'), 'replicas') ?? 0;
  return {
    apiVersion: API.apiVersion,
    kind: API.kind,
    metadata: { name, namespace },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'unknown' } },
      config: { port: 1 },
      runtime: { replicas },
    },
  };
}
