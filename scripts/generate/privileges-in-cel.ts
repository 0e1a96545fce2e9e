import { BRIDGE_CONTAINER_NAME, CONTAINER_NAME, SHIM_CONTAINER_NAME } from '../../webhooks/core/mcpserver/names.ts';
import { appArmorAnnotationPrefix } from '../../webhooks/core/rules/app-armor-profile.ts';
import { allowedSeLinuxTypes } from '../../webhooks/core/rules/se-linux-options.ts';
import { safeSysctls } from '../../webhooks/core/rules/sysctls.ts';

/** What the conditions read: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#variable-composition */
export const celVariables = [
  { name: 'spec', expression: 'object.spec' },
  { name: 'oldSpec', expression: 'oldObject == null ? {} : oldObject.spec' },
  { name: 'pod', expression: contextOf('spec', 'podSecurityContext') },
  { name: 'oldPod', expression: contextOf('oldSpec', 'podSecurityContext') },
  { name: 'container', expression: contextOf('spec', 'securityContext') },
  { name: 'oldContainer', expression: contextOf('oldSpec', 'securityContext') },
];

function contextOf(spec: string, context: string): string {
  return `variables.${spec}.?runtime.?security.?${context}.orValue({})`;
}

/** What may stand at a place. */
interface Demand {
  /** What is said of a place where nothing is: what the default makes of it, or anything that is allowed. In CEL. */
  readonly absent: string;
  readonly isAllowed: (value: string) => string;
}

const isFalse: Demand = { absent: 'false', isAllowed: (value) => `!${value}` };
const isConfined: Demand = isOtherThan('Unconfined');

/**
 * The rules about privileges once more, by id, for API servers that judge while no webhook answers: conditions, all of which have
 * to hold. What is absent is as the defaults make it, and what the object had before an update passes. A condition is linear in
 * the object; only bad items of a list are looked for among those of before, and the cost limit of API servers ends that.
 */
export const privilegesInCel: Readonly<Record<string, readonly string[]>> = {
  'allow-privilege-escalation': [at('container', 'allowPrivilegeEscalation', isFalse)],
  'app-armor-profile': [
    ...atBoth('appArmorProfile.?type', isConfined),
    appArmorAnnotation(CONTAINER_NAME),
    ...[SHIM_CONTAINER_NAME, BRIDGE_CONTAINER_NAME].map(stdioAppArmorAnnotation),
  ],
  capabilities: [
    each('container', 'capabilities.?add', { key: 'one', isAllowed: "one == 'NET_BIND_SERVICE'" }),
    at('container', 'capabilities.?drop', { absent: "['ALL']", isAllowed: (drop) => `'ALL' in ${drop}` }),
  ],
  'host-process': atBoth('windowsOptions.?hostProcess', isFalse),
  privileged: [at('container', 'privileged', isFalse)],
  'probe-host': ['runtime.?health.?livenessProbe', 'runtime.?health.?readinessProbe', 'extensions.?startupProbe']
    .flatMap((probe) => [`${probe}.?httpGet.?host`, `${probe}.?tcpSocket.?host`])
    .map((host) => at('spec', host, isOneOf(''))),
  'proc-mount': [at('container', 'procMount', isOneOf('Default'))],
  'run-as-non-root': [
    ...atBoth('runAsNonRoot', { absent: 'true', isAllowed: (isNonRoot) => isNonRoot }),
    ...atBoth('runAsUser', { absent: '1', isAllowed: (user) => `${user} != 0` }),
  ],
  'se-linux-options': [
    ...atBoth('seLinuxOptions.?role', isOneOf('')),
    ...atBoth('seLinuxOptions.?type', isOneOf('', allowedSeLinuxTypes)),
    ...atBoth('seLinuxOptions.?user', isOneOf('')),
  ],
  'seccomp-profile': atBoth('seccompProfile.?type', isConfined),
  sysctls: [each('pod', 'sysctls', { key: 'one.name', isAllowed: `one.name in ${listOf(safeSysctls)}` })],
};

type Root = 'spec' | 'pod' | 'container';

function variablesOf(root: Root): readonly [now: string, before: string] {
  return [`variables.${root}`, `variables.old${root.charAt(0).toUpperCase()}${root.slice(1)}`];
}

/** `fields`: `capabilities.?drop`, whose first one may be absent like every other. */
function at(root: Root, fields: string, demand: Demand): string {
  const { isAllowed, isAsBefore } = compare(root, `.?${fields}`, demand);
  return `${isAllowed} || ${isAsBefore}`;
}

function atBoth(fields: string, demand: Demand): readonly string[] {
  return [at('pod', fields, demand), at('container', fields, demand)];
}

function appArmorAnnotation(container: string): string {
  const { isAllowed, isAsBefore } = compare('spec', selectAppArmorAnnotation(container), isOtherThan('unconfined'));
  return `${isAllowed} || ${isAsBefore}`;
}

/** Of a container that only pods for stdio have: before, it counts where they had it. */
function stdioAppArmorAnnotation(container: string): string {
  const { isAllowed, isAsBefore } = compare('spec', selectAppArmorAnnotation(container), isOtherThan('unconfined'));
  const [now, before] = variablesOf('spec');
  const isStdio = '.?extensions.?stdio.hasValue()';
  return `!${now}${isStdio} || ${isAllowed} || ${before}${isStdio} && ${isAsBefore}`;
}

function selectAppArmorAnnotation(container: string): string {
  return `.?extraAnnotations[?'${appArmorAnnotationPrefix}${container}']`;
}

function compare(
  root: Root,
  selection: string,
  { absent, isAllowed }: Demand,
): { readonly isAllowed: string; readonly isAsBefore: string } {
  const [now = '', before = ''] = variablesOf(root).map((variable) => `${variable}${selection}.orValue(${absent})`);
  return { isAllowed: isAllowed(now), isAsBefore: `${now} == ${before}` };
}

/** Of the items of a list, `one` each; `key` is by what an item is known. */
function each(root: Root, fields: string, of: { readonly key: string; readonly isAllowed: string }): string {
  const [now, before] = variablesOf(root);
  const wasThere = `${before}.?${fields}.orValue([]).exists(old, ${of.key.replace('one', 'old')} == ${of.key})`;
  return `${now}.?${fields}.orValue([]).all(one, ${of.isAllowed} || ${wasThere})`;
}

function isOtherThan(refused: string): Demand {
  return { absent: "''", isAllowed: (value) => `${value} != '${refused}'` };
}

/** `absent` is one of them. */
function isOneOf(absent: string, values: Iterable<string> = [absent]): Demand {
  return { absent: `'${absent}'`, isAllowed: (value) => `${value} in ${listOf(values)}` };
}

function listOf(values: Iterable<string>): string {
  return `[${Array.from(values, (value) => `'${value}'`).join(', ')}]`;
}
