import type { DeploymentStatus } from './observed.ts';

/** One pod behind the Service that is ready, of a ReplicaSet. */
export interface ServingPod {
  readonly name: string;
  /** Label `pod-template-hash`: equal ones are pods of one template. */
  readonly template: string;
  /** Where it is asked itself. */
  readonly address: string;
  /** Of its container port `mcp`; while a new port rolls out, pods have different ones. */
  readonly port: number;
  /** Of its container port `metrics`; absent: it has none. */
  readonly metricsPort?: number;
  /** How often its containers have been started again. */
  readonly restarts: number;
}

/** Which pods serve, and what follows from that. */
export interface Serving {
  /**
   * Newest generation of the MCPServer whose template all serving pods run. Undefined: they run an older one, or it
   * cannot be told yet; what was said before still holds.
   */
  readonly generation: number | undefined;
  /** Another text when other pods serve, and not when only their number is another one. Empty while none is known. */
  readonly podSet: string;
  /** Their templates, by label pod-template-hash; absent: none is known. */
  readonly replicaSets?: readonly string[];
  readonly ready: number;
  /** Whether pods of an older template are still there, or may be. */
  readonly isRolling: boolean;
  /** The Deployment says that they are of the newest template, and what was read of theirs does not. */
  readonly isInDoubt: boolean;
}

/** What the ReplicaSet of a template says of it: which revision of the Deployment it is, or that there is none any more. */
export type TemplateRevision =
  | { readonly state: 'read'; readonly revision: string }
  | { readonly state: 'gone' }
  /** This time. */
  | { readonly state: 'unread' };

export interface ServingInput {
  readonly pods: readonly ServingPod[];
  readonly deployment: DeploymentStatus | undefined;
  /** Of the MCPServer. */
  readonly generation: number;
  /** Whether the Deployment that stands there is the one of this generation: nothing of it is left to be written. */
  readonly isApplied: boolean;
  /** Of the template of {@link templateToCheck}; absent where that is none, or where nobody tells. */
  readonly templateRevision?: TemplateRevision | undefined;
}

/**
 * What serves. A pod does not tell of which template it is, and a mark of ours in the template would roll every server. But a
 * Deployment counts: once its controller has seen what we wrote (`observedGeneration`) and all of its pods are of the newest
 * template (`updatedReplicas`), those that serve are, too. Until then some of them may be older, and are taken to be: which
 * of two templates is the newer one is not guessed. The pods that we know of may be those of before all the same, because
 * each kind has a watch of its own: then the ReplicaSet of theirs tells.
 */
export function decideServing(input: ServingInput): Serving {
  const { pods, deployment, generation, templateRevision } = input;
  const isComplete = seemsComplete(input);
  const isNewest = isComplete && isOfRevision(deployment?.revision, templateRevision);
  return {
    generation: isNewest ? generation : undefined,
    podSet: podSetOf(pods),
    replicaSets: templatesOf(pods),
    ready: pods.length,
    isRolling: deployment !== undefined && !isNewest,
    isInDoubt: isComplete && !isNewest,
  };
}

/**
 * The template whose revision has to be read before it is said that its pods are of this generation; undefined where nothing
 * depends on it. `said`: the generation of which status says already that it serves. The first one has no pods before it.
 */
export function templateToCheck(input: ServingInput, said: number | undefined): string | undefined {
  const { pods, deployment, generation } = input;
  if (said === generation || generation <= 1 || deployment?.revision === undefined) return undefined;
  return seemsComplete(input) ? templatesOf(pods)[0] : undefined;
}

/** As far as the Deployment and the pods that are known tell. */
function seemsComplete({ pods, deployment, isApplied }: ServingInput): boolean {
  return isApplied && deployment !== undefined && hasOnlyNewestPods(deployment) && templatesOf(pods).length <= 1;
}

function isOfRevision(wanted: string | undefined, found: TemplateRevision | undefined): boolean {
  return found === undefined || (found.state === 'read' && found.revision === wanted);
}

/**
 * Which pods these are, as a text: their templates, and how often they were started again. So a rollout is seen, a
 * restart, and another configuration (which is a part of the template); one more or one less of the same is not, unless it
 * had been restarted.
 */
export function podSetOf(pods: readonly ServingPod[]): string {
  const restarts = pods.reduce((sum, pod) => sum + pod.restarts, 0);
  return `${templatesOf(pods).join('+')}${restarts === 0 ? '' : `/${restarts}`}`;
}

function templatesOf(pods: readonly ServingPod[]): readonly string[] {
  return [...new Set(pods.map(({ template }) => template))].sort();
}

/** Pods that are on their way out are in none of these numbers, and behind no Service. */
function hasOnlyNewestPods(deployment: DeploymentStatus): boolean {
  return deployment.observedGeneration >= deployment.generation && !hasOlderPods(deployment);
}

/** By the template that its controller has seen last. */
export function hasOlderPods({ replicas, updatedReplicas }: DeploymentStatus): boolean {
  return updatedReplicas < replicas;
}
