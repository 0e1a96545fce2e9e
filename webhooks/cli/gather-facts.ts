import { readFileSync } from 'node:fs';
import { prepare } from '../core/engine/judge.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { AskedKind } from '../core/resources/optional-kind.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { keyOf } from '../platform/kube/object.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { replaceFile } from '../platform/replace-file.ts';
import { askApis, kindsAskedForBy } from './ask-apis.ts';
import { askCluster } from './ask-cluster.ts';
import { askAtGateways } from './ask-gateways.ts';
import { askNamespaces } from './ask-namespaces.ts';
import { askPolicy, builtIn } from './cluster-policy.ts';
import { readFacts, renderFacts } from './facts-file.ts';
import type { Input } from './gather.ts';
import { identityOf } from './identity.ts';
import { completeMetadata } from './judge-manifest.ts';
import { objectNamed, type ClusterFacts, type NamedObject } from './known-facts.ts';
import type { CommandOptions } from './options.ts';

/** Who else is asked about what the input does not have. */
export const factsOptions = {
  context: {
    type: 'texts',
    placeholder: 'NAME',
    help: 'of the kubeconfig: ask this cluster, too, also for its policy; nothing is changed',
  },
  facts: { type: 'texts', placeholder: 'FILE', isPath: true, help: 'as --record wrote it, instead of a cluster' },
  record: { type: 'text', placeholder: 'FILE', default: '', isPath: true, help: 'keep what clusters told; no values' },
} as const satisfies CommandOptions;

export interface FactsValues {
  readonly context: readonly string[];
  readonly facts: readonly string[];
  readonly record: string;
}

export interface FactsOptions {
  /** Of objects that name none. */
  readonly namespace: string;
  /** Whether the policy of each cluster judges, because none was named. */
  readonly asksPolicy: boolean;
}

export type GatheredFacts = { readonly type: 'gathered'; readonly input: Input } | Refused;

interface Refused {
  readonly type: 'refused';
  readonly problem: string;
}

/** The input with what clusters, and records of what they told, know about the objects that its servers name. */
export async function gatherFacts(
  input: Input,
  { context: contexts, facts: files, record }: FactsValues,
  { namespace, asksPolicy }: FactsOptions,
): Promise<GatheredFacts> {
  if (record !== '' && contexts.length === 0) {
    return { type: 'refused', problem: '--record keeps what clusters told: name one with --context' };
  }
  const clusters: ClusterFacts[] = [];
  for (const file of files) {
    const read = readFacts(file);
    if (read.type === 'refused') return read;
    clusters.push(
      ...read.clusters.map((cluster) => ({ ...cluster, policy: asksPolicy ? policyOf(cluster) : undefined })),
    );
  }
  const asked = await askContexts(contexts, {
    ...{ input, namespace, objects: contexts.length === 0 ? [] : objectsNamedIn(input, namespace) },
    namespaces: input.servers.map(({ value }) => identityOf(value, namespace).namespace),
    asksPolicy,
    kinds: contexts.length === 0 ? [] : kindsAskedForBy(serversIn(input, namespace)),
  });
  if (asked.type === 'refused') return asked;
  const problems = [...asked.problems, ...problemsOfPolicies(asked.clusters)];
  if (record !== '' && problems.length === 0) {
    const why = writeChanged(record, renderFacts(asked.clusters));
    if (why !== undefined) return { type: 'refused', problem: `--record ${record} cannot be written: ${why}` };
  }
  const all = [...input.problems, ...problemsOfPolicies(clusters), ...problems];
  return { type: 'gathered', input: { ...input, clusters: [...clusters, ...asked.clusters], problems: all } };
}

function problemsOfPolicies(clusters: readonly ClusterFacts[]): readonly InputProblem[] {
  return clusters.flatMap(({ policy }) => policy?.problem ?? []);
}

function policyOf({ context, policy }: ClusterFacts): ClusterFacts['policy'] {
  return (
    policy ?? builtIn(context, `the facts of ${context} do not say by what it judges: make them anew with --record`)
  );
}

interface AskedContexts {
  readonly type: 'asked';
  readonly clusters: readonly ClusterFacts[];
  readonly problems: readonly InputProblem[];
}

interface Questions {
  readonly input: Input;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly objects: readonly NamedObject[];
  /** Of servers of the input. */
  readonly namespaces: readonly string[];
  readonly asksPolicy: boolean;
  /** Of other projects, that servers of the input ask for. */
  readonly kinds: readonly AskedKind[];
}

async function askContexts(contexts: readonly string[], questions: Questions): Promise<AskedContexts | Refused> {
  if (contexts.length === 0) return { type: 'asked', clusters: [], problems: [] };
  // Who asks no cluster does not pay for its client.
  const { connectToContext } = await import('../platform/kube/connect.ts');
  const clusters: ClusterFacts[] = [];
  const problems: InputProblem[] = [];
  for (const context of new Set(contexts)) {
    const connection = await connectToContext(context);
    if (connection.type === 'refused')
      return { type: 'refused', problem: `--context ${context}: ${connection.problem}` };
    const { facts, problem } = await askCluster(connection.api, { context, objects: questions.objects });
    const policy = await askForPolicy(connection.api, context, questions);
    const { input, namespace, kinds } = questions;
    const apis = kinds.length === 0 ? {} : { apis: await askApis(connection.api, kinds) };
    const where = { cluster: facts, namespace };
    const atGateways = problem === undefined ? await askAtGateways(connection.api, input, where) : {};
    clusters.push({ ...facts, ...policy, ...apis, ...atGateways });
    if (problem !== undefined) problems.push(problem);
  }
  return { type: 'asked', clusters, problems };
}

/** With the labels of namespaces that it chooses by. */
async function askForPolicy(
  api: KubeApi,
  context: string,
  { asksPolicy, namespaces }: Questions,
): Promise<Pick<ClusterFacts, 'policy' | 'labels'>> {
  if (!asksPolicy) return {};
  const policy = await askPolicy(api, context);
  const { known } = await askNamespaces(api, policy.chosen.policy, namespaces);
  return { policy, labels: known };
}

/** Of which the schema holds. */
function serversIn({ servers }: Pick<Input, 'servers'>, defaultNamespace: string): readonly MCPServer[] {
  return servers.flatMap(({ value }) => {
    const prepared = prepare(toStored(completeMetadata(value, defaultNamespace)).object);
    return prepared.parsed ? [prepared.server] : [];
  });
}

/** What the input does not have itself, each once. A server whose schema does not hold names nothing. */
export function objectsNamedIn(
  { servers, facts }: Pick<Input, 'servers' | 'facts'>,
  defaultNamespace: string,
): readonly NamedObject[] {
  const objects = new Map<string, NamedObject>();
  for (const { value } of servers) {
    const prepared = prepare(toStored(completeMetadata(value, defaultNamespace)).object);
    const { namespace } = identityOf(value, defaultNamespace);
    for (const { kind, name } of prepared.parsed ? prepared.references : []) {
      const object = objectNamed(kind, namespace, name);
      if (name !== '' && !facts.has(object)) objects.set(keyOf(object), object);
    }
  }
  return [...objects.values()];
}

/** Nothing is written when nothing changed; says why it could not be. */
function writeChanged(file: string, text: string): string | undefined {
  return textOf(file) === text ? undefined : replaceFile(file, text);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
