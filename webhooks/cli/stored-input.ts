import type { Policy } from '../core/engine/policy.ts';
import { printable, shortenMiddle } from '../core/engine/text.ts';
import { metaOf } from '../platform/kube/object.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { askCluster } from './ask-cluster.ts';
import { askAtGateways } from './ask-gateways.ts';
import { askNamespaces, type AskedNamespaces } from './ask-namespaces.ts';
import { choosePolicy, renderProblems, type Chosen } from './chosen-policy.ts';
import { askPolicy, type ClusterPolicy } from './cluster-policy.ts';
import { objectsNamedIn } from './gather-facts.ts';
import { gatherInput, type Input } from './gather.ts';
import { InputFacts } from './input-facts.ts';
import { namespaceOption } from './namespace-option.ts';
import type { CommandOptions } from './options.ts';
import { readStored } from './read-stored.ts';

/** Whose MCPServers are judged. */
export const storedOptions = {
  context: {
    type: 'text',
    placeholder: 'NAME',
    default: '',
    help: 'of the kubeconfig: what this cluster has; nothing is changed there',
  },
  namespace: {
    type: 'text',
    placeholder: 'NAME',
    default: '',
    short: 'n',
    help: `of a cluster only this one; of files that of objects that name none (${namespaceOption.default})`,
  },
} as const satisfies CommandOptions;

export interface StoredValues {
  readonly context: string;
  readonly namespace: string;
}

export type StoredInput =
  | {
      readonly type: 'gathered';
      readonly input: Input;
      /** What judges it: the policy that was named, or that of the cluster. */
      readonly chosen: Chosen;
      /** Of objects that name none. */
      readonly namespace: string;
      /** What the user named: its files, or the cluster. */
      readonly source: string;
      /** Whether it may hold no MCPServer, which of files is a mistake. */
      readonly mayBeEmpty: boolean;
      /** Sentences about what is judged more strictly, because it could not be read. */
      readonly notes: readonly string[];
    }
  /** Lines for standard error. */
  | { readonly type: 'refused'; readonly said: string };

interface StoredFrom extends StoredValues {
  /** Without one a cluster is asked. */
  readonly paths: readonly string[];
  /** Empty: the policy of the cluster judges, and of files the built-in one. */
  readonly policyFile: string;
  readonly readStdin: () => Promise<Uint8Array>;
}

/** MCPServers of files, or those that a cluster has with what it knows of their references and namespaces. */
export async function gatherStored(from: StoredFrom): Promise<StoredInput> {
  const { paths, context, namespace, policyFile, readStdin } = from;
  const ownNamespace = namespace === '' ? namespaceOption.default : namespace;
  const named = await choosePolicy(policyFile, readStdin);
  if (named.type === 'refused') return { type: 'refused', said: renderProblems(named.problems) };
  if (paths.length > 0) {
    const input = await gatherInput({ paths, namespace: ownNamespace, readStdin });
    const source = paths.join(', ');
    return { type: 'gathered', input, chosen: named, namespace: ownNamespace, source, mayBeEmpty: false, notes: [] };
  }
  // Who asks no cluster does not pay for its client.
  const { connectToContext } = await import('../platform/kube/connect.ts');
  const connection = await connectToContext(context === '' ? undefined : context);
  if (connection.type === 'refused') {
    const which = context === '' ? 'the current context' : `--context ${context}`;
    return { type: 'refused', said: `${printable(`${which}: ${connection.problem}`)}\n` };
  }
  const { api, context: asked } = connection;
  const own: ClusterPolicy = policyFile === '' ? await askPolicy(api, asked) : { chosen: named };
  const { chosen } = own;
  const gathered = await gatherFromCluster(api, { context: asked, namespace, policy: chosen.policy });
  const { notes } = gathered;
  const problems = own.problem === undefined ? [] : [own.problem];
  const input = { ...gathered.input, problems: [...problems, ...gathered.input.problems] };
  const source = `context ${asked}`;
  return { type: 'gathered', input, chosen, namespace: ownNamespace, source, mayBeEmpty: true, notes };
}

interface FromCluster {
  readonly context: string;
  readonly namespace: string;
  readonly policy: Policy;
}

async function gatherFromCluster(
  api: KubeApi,
  { context, namespace, policy }: FromCluster,
): Promise<{ readonly input: Input; readonly notes: readonly string[] }> {
  const { servers, problem } = await readStored(api, { context, namespace });
  const facts = new InputFacts();
  const objects = objectsNamedIn({ servers, facts }, namespace);
  const asked = await askCluster(api, { context, objects, isInput: true });
  const cluster = asked.facts;
  const stored = { servers, facts };
  const atGateways = asked.problem === undefined ? await askAtGateways(api, stored, { cluster, namespace }) : {};
  const namespaces = await askNamespaces(
    api,
    policy,
    servers.map(({ value }) => metaOf(value).namespace),
  );
  const problems = [problem, asked.problem, problemOf(namespaces, context)].flatMap((one) => one ?? []);
  const { labelsOf } = namespaces;
  const clusters = [{ ...cluster, ...atGateways }];
  const input: Input = { servers, facts, labelsOf, clusters, others: 0, problems };
  return { input, notes: noteUnknownLabels(namespaces) };
}

function problemOf({ lost }: AskedNamespaces, context: string): InputProblem | undefined {
  return lost === undefined ? undefined : { file: `context ${context}`, message: lost.message };
}

/** Longest list of names in a sentence, in characters. */
const maxNamesLength = 400;

function noteUnknownLabels({ unknown }: AskedNamespaces): readonly string[] {
  if (unknown.size === 0) return [];
  const reasons = [...new Set(unknown.values())].sort().join(', ');
  const names = shortenMiddle([...unknown.keys()].sort().join(', '), maxNamesLength);
  const message = `labels of namespaces not read (${reasons}), which takes the right to get them: the strictest that the policy may mean counts in ${names}`;
  return [printable(message)];
}
