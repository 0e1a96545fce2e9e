/** Rules about what must not run although Kubernetes would run it: their refusals say nothing about the API server. */
export const policyRules: ReadonlySet<string> = new Set([
  'allow-privilege-escalation',
  'app-armor-profile',
  'capabilities',
  'image-reference-valid',
  'ingress-allowed',
  'privileged',
  'probe-host',
  'run-as-non-root',
  'se-linux-options',
  'seccomp-profile',
  'stdio-command-required',
  'stdio-settings-usable',
  'sysctls',
]);

/** A kind of mutant that is refused although its children could be created, and why that is right. */
export interface Exception {
  readonly reason: string;
  readonly titles: RegExp;
}

export const exceptions: readonly Exception[] = [
  {
    reason: 'the API server refuses it as it is written; the expansion leaves out what says nothing',
    titles:
      /"valueFrom":\{\}|Probe = (\{\}|\{"exec":\{("command":\[\])?\}\}|\{"tcpSocket":\{"port":8080\},"exec":\{\}\})$/,
  },
  {
    reason: 'the variable is malformed; the expansion takes the last one of that name',
    titles: /^config\.env = \[\{"name":"A","value":"1","valueFrom":.*"value":"2"\}\]$/,
  },
  { reason: 'nobody could write the file: there are no init containers', titles: /"fileKeyRef"/ },
  {
    reason: 'the DNS peer has no effect until egress is restricted',
    titles: /^network\.dnsEgressPeer = \{(\}|"ipBlock":\{"cidr":"x"\}\})$/,
  },
  {
    reason:
      'not every reader of addresses takes leading zeros and IPv4 inside IPv6 for the same as the API server does',
    titles: /"(10\.0\.0\.0\/08|0010\.0\.0\.0\/8|00010::\/8|::ffff:10\.1\.0\.0\/112)"/,
  },
  {
    reason: 'it has had no effect since Kubernetes 1.27',
    titles: /^extraAnnotations = \{"((container\.)?seccomp\.security|scheduler)\.alpha\.kubernetes\.io\//,
  },
  {
    reason: 'the Deployment controller writes it, or obeys it, and the reconciler would undo that for ever',
    titles: /^extraAnnotations = \{"(deployment\.kubernetes\.io\/revision|deprecated\.deployment\.rollback\.to)"/,
  },
  {
    reason: 'no room would be left for the annotations of controllers',
    titles: /^extraAnnotations = \{"a":"[xé]{50,}… \((130999|2611[0-9]{2}|26[12]\d{3}) characters\)$/,
  },
  {
    reason: 'no node can have a label of such a key, so no pod would be scheduled, or nothing spread',
    titles:
      /^extensions\.scheduling\.topologySpreadConstraints = \[\{"maxSkew":1,"topologyKey":"(a b|a\/b\/c|É|-a|a-|a{64})"/,
  },
  {
    reason: 'no pod could be created: the Deployment would be there without any',
    titles: /^extensions\.scheduling\.priorityClassName = "system-other"$/,
  },
  {
    reason: 'the autoscaler would look at another number than the type says, or find none each time',
    titles:
      /^autoscaling metric = .*"target":\{"type":("(Utilization|Value)","averageValue"|"Value","averageUtilization":80,"averageValue"|"AverageValue",("averageUtilization"|"value"|"averageValue":"10","value"))/,
  },
  {
    reason: 'nothing is measured of such a resource',
    titles: /^autoscaling metric = \{"type":"Resource","resource":\{"name":"(?!cpu"|memory")/,
  },
  {
    reason: 'no metric has such a label, so the autoscaler would find none each time',
    titles: /^autoscaling metric = .*"matchLabels":\{"a b":"É"\}/,
  },
  {
    reason: 'className says the class: beside it, the API server refuses what it replaced',
    titles: /^extensions\.ingress\.annotations = \{"kubernetes\.io\/ingress\.class"/,
  },
  { reason: 'nobody could say at which URL the server is', titles: /^extensions\.ingress\.host = "\*\.a"/ },
  {
    reason: 'it leads to a server that has nothing there',
    titles: /^extensions\.ingress\.path = "\/[^"]+" beside/,
  },
  { reason: 'no container starts with an empty seccomp profile', titles: /"localhostProfile":""/ },
];
