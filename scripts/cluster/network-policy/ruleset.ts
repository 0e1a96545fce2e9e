import { selects, type Labels, type LabelSelector } from './label-selector.ts';

/** What the ruleset is made of; objects of the API as far as they matter here. */
export interface PolicyWorld {
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly policies: readonly NetworkPolicy[];
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Labels };
  readonly spec: {
    readonly hostNetwork?: boolean;
    readonly containers: readonly { readonly ports?: readonly ContainerPort[] }[];
  };
  readonly status: { readonly phase?: string; readonly podIP?: string };
}

interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

export interface Namespace {
  readonly metadata: { readonly name: string; readonly labels?: Labels };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface NetworkPolicy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
    readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  };
}

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
}

interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface Rule {
  readonly peers: readonly Peer[];
  readonly ports: readonly Port[];
}

/** A pod that has an address of its own. */
interface LivePod {
  readonly address: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ports: readonly ContainerPort[];
}

type Direction = 'Ingress' | 'Egress';

/** Ours alone; replaced as a whole, in one transaction. */
const table = 'inet network-policy';

/** Which address of a packet is the other side's. */
const peerAddress = { Ingress: 'ip saddr', Egress: 'ip daddr' } as const satisfies Record<Direction, string>;
const ownAddress = { Ingress: 'ip daddr', Egress: 'ip saddr' } as const satisfies Record<Direction, string>;

/**
 * Input for `nft --file -` that enforces all policies: one chain for each pod and direction that a policy isolates.
 * A rule that allows returns; what reaches the end of the chain is dropped. Packets between pods pass the forward hook
 * (after a Service was translated), those from a pod to the node the input hook; what the node itself sends, the
 * kubelet's probes for example, passes neither and is always allowed, as Kubernetes demands.
 */
export function buildRuleset(world: PolicyWorld): string {
  const live = world.pods.flatMap(toLivePod);
  const isolated = (direction: Direction): readonly string[] =>
    live.flatMap((pod) => chainOf(pod, direction, { ...world, live }));
  const jumps = (direction: Direction): readonly string[] =>
    live
      .filter((pod) => policiesFor(pod, direction, world.policies).length > 0)
      .map((pod) => `${ownAddress[direction]} ${pod.address} jump ${chainName(pod, direction)}`);
  const hook = (name: string, body: readonly string[]): string =>
    chain(name, [
      `type filter hook ${name} priority -10; policy accept;`,
      'ct state established,related accept',
      ...body,
    ]);
  return [
    // Deleting what may not exist is an error, so it is made first.
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...isolated('Egress'),
    ...isolated('Ingress'),
    hook('forward', [...jumps('Egress'), ...jumps('Ingress')]),
    hook('input', jumps('Egress')),
    '}',
    '',
  ].join('\n');
}

function toLivePod({ metadata, spec, status }: Pod): readonly LivePod[] {
  const hasEnded = status.phase === 'Succeeded' || status.phase === 'Failed';
  if (hasEnded || spec.hostNetwork === true || status.podIP === undefined) return [];
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  return [{ address: status.podIP, namespace: metadata.namespace, labels: metadata.labels ?? {}, ports }];
}

interface Context extends PolicyWorld {
  readonly live: readonly LivePod[];
}

function chainOf(pod: LivePod, direction: Direction, context: Context): readonly string[] {
  const policies = policiesFor(pod, direction, context.policies);
  if (policies.length === 0) return [];
  const allowed = policies.flatMap((policy) =>
    rulesOf(policy, direction).flatMap((rule) => matchesOf(rule, { pod, direction, policy, context })),
  );
  // A pod always reaches itself, also through its own Service.
  const itself = `${peerAddress[direction]} ${pod.address}`;
  return [
    chain(chainName(pod, direction), [
      ...[itself, ...allowed].map((match) => `${match} return`.trim()),
      'counter drop',
    ]),
  ];
}

function policiesFor(pod: LivePod, direction: Direction, policies: readonly NetworkPolicy[]): readonly NetworkPolicy[] {
  return policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      selects(spec.podSelector ?? {}, pod.labels) &&
      (spec.policyTypes ?? ['Ingress']).includes(direction),
  );
}

function rulesOf({ spec }: NetworkPolicy, direction: Direction): readonly Rule[] {
  return direction === 'Ingress'
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }));
}

interface RuleContext {
  readonly pod: LivePod;
  readonly direction: Direction;
  readonly policy: NetworkPolicy;
  readonly context: Context;
}

/** What a rule allows, as conditions of nft; the empty condition is everything. */
function matchesOf({ peers, ports }: Rule, where: RuleContext): readonly string[] {
  return (ports.length === 0 ? [undefined] : ports).flatMap((port) => {
    // A named port is another number in each pod that has it.
    if (typeof port?.port === 'string') return namedPortMatches(port, peers, where);
    const condition = port === undefined ? '' : numberedPort(port);
    return peerMatches(peers, where).map((peer) => `${peer} ${condition}`.trim());
  });
}

function numberedPort({ protocol = 'TCP', port, endPort }: Port): string {
  const name = protocol.toLowerCase();
  if (port === undefined) return `meta l4proto ${name}`;
  return `${name} dport ${endPort === undefined ? port : `${port}-${endPort}`}`;
}

function namedPortMatches(port: Port, peers: readonly Peer[], where: RuleContext): readonly string[] {
  const { pod, direction, context } = where;
  if (direction === 'Ingress') {
    return numbersOf(pod, port).flatMap((number) =>
      peerMatches(peers, where).map((peer) => `${peer} ${numberedPort({ ...port, port: number })}`.trim()),
    );
  }
  const targets = peers.length === 0 ? context.live : peers.flatMap((peer) => selectedPods(peer, where));
  return targets.flatMap((target) =>
    numbersOf(target, port).map((number) => `ip daddr ${target.address} ${numberedPort({ ...port, port: number })}`),
  );
}

function numbersOf({ ports }: LivePod, { port, protocol = 'TCP' }: Port): readonly number[] {
  return ports
    .filter((candidate) => candidate.name === port && (candidate.protocol ?? 'TCP') === protocol)
    .map(({ containerPort }) => containerPort);
}

/** No peers at all means everybody; peers that select nothing mean nobody. */
function peerMatches(peers: readonly Peer[], where: RuleContext): readonly string[] {
  if (peers.length === 0) return [''];
  const address = peerAddress[where.direction];
  const blocks = peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : blockMatch(address, ipBlock)));
  const addresses = new Set(peers.flatMap((peer) => selectedPods(peer, where)).map((pod) => pod.address));
  return addresses.size === 0 ? blocks : [...blocks, `${address} { ${[...addresses].sort().join(', ')} }`];
}

function blockMatch(address: string, { cidr, except = [] }: NonNullable<Peer['ipBlock']>): readonly string[] {
  // The cluster has IPv4 addresses only.
  if (cidr.includes(':')) return [];
  return [[`${address} ${cidr}`, ...except.map((range) => `${address} != ${range}`)].join(' ')];
}

function selectedPods(
  { ipBlock, podSelector, namespaceSelector }: Peer,
  { policy, context }: RuleContext,
): readonly LivePod[] {
  if (ipBlock !== undefined) return [];
  const isSelected = (namespace: string): boolean =>
    namespaceSelector === undefined
      ? namespace === policy.metadata.namespace
      : selects(namespaceSelector, labelsOf(namespace, context.namespaces));
  return context.live.filter(({ namespace, labels }) => isSelected(namespace) && selects(podSelector ?? {}, labels));
}

function labelsOf(name: string, namespaces: readonly Namespace[]): Labels {
  return namespaces.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {};
}

function chainName({ address }: LivePod, direction: Direction): string {
  return `${direction.toLowerCase()}-${address.replaceAll('.', '-')}`;
}

function chain(name: string, body: readonly string[]): string {
  return [`  chain ${name} {`, ...body.map((line) => `    ${line}`), '  }'].join('\n');
}
