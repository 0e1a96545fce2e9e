import { applyDefaults } from '../core/defaults/apply.ts';
import type { ApiState, ApiStates, Installation } from '../core/engine/installation.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import { renderSentence } from '../core/engine/render.ts';
import type { Example, Rule } from '../core/engine/rule.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { anMCPServer, withMetadata, withRawSpec } from '../core/testing/builders.ts';
import { judgeExample } from '../core/testing/judge-example.ts';
import { renderYaml } from '../platform/manifests/render-yaml.ts';

/** The page of one rule in Markdown: what `explain` prints and what docs/rules holds. */
export function renderRulePage(rule: Rule): string {
  const verdict = rule.severity === 'deny' ? 'Rejected' : 'Admitted with a warning';
  return `# ${rule.id}

${rule.summary}

Severity: \`${rule.severity}\`${rule.isOptIn === true ? ', where a policy asks for it; otherwise the rule judges nothing' : ''}

## Why

${rule.rationale}

## What to do

${rule.remedy}

${renderParameters(rule)}## Accepted

${rule.examples.accepts.map(renderExample).join('\n')}
## ${verdict}

${rule.examples.rejects.map((example) => `${renderExample(example)}${renderAnswer(rule, example)}`).join('\n')}`;
}

function renderParameters({ parameters = {} }: Rule): string {
  const rows = Object.entries(parameters).map(([name, parameter]) => {
    const { type, help, isOptional } = parameter;
    const standard = parameter.default === undefined ? undefined : `\`${JSON.stringify(parameter.default)}\``;
    const otherwise = standard ?? (isOptional === true ? 'may be absent' : 'has to be given');
    return `| \`${name}\` | ${type} | ${otherwise} | ${help} |\n`;
  });
  if (rows.length === 0) return '';
  return `## Parameters\n\n| Name | Type | Default | What it is |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
}

/** What is said of it; nothing of a rule that finds nothing there. */
function renderAnswer(rule: Rule, example: Example): string {
  const said = judgeExample(rule, example, applyDefaults).map(
    (finding) => `${renderPath(finding.path)}: ${renderSentence(finding)}\n`,
  );
  return said.length === 0 ? '' : `\nThe answer:\n\n\`\`\`text\n${said.join('')}\`\`\`\n`;
}

function renderExample(example: Example): string {
  const server = anMCPServer(
    withMetadata({ namespace: undefined, ...(example.name === undefined ? {} : { name: example.name }) }),
    withRawSpec(example.spec ?? {}),
  );
  const existing = [
    ...describeObjects('ConfigMap', example.configMaps),
    ...describeObjects('ConfigMap', saidBy(example.gatewaySettings)),
    ...describeObjects('Secret', example.secrets),
    ...(example.serviceAccounts ?? []).map((name) => `ServiceAccount \`${name}\``),
    ...Object.entries(example.claims ?? {}).map(
      ([name, modes]) => `PersistentVolumeClaim \`${name}\` of ${modes.map((mode) => `\`${mode}\``).join(', ')}`,
    ),
  ];
  const ofCluster = [
    ...(example.priorityClasses ?? []).map((name) => `PriorityClass \`${name}\``),
    ...(example.runtimeClasses ?? []).map((name) => `RuntimeClass \`${name}\``),
    ...Object.entries(example.gateways ?? {}).map(
      ([name, hosts]) =>
        `Gateway \`${name}\` with listeners for ${hosts.map((host) => (host === '' ? 'every host' : `\`${host}\``)).join(', ')}`,
    ),
    ...describePrefixes(example.prefixes),
  ];
  const { installation, parameters } = example;
  const around = [
    ...(parameters === undefined ? [] : [`With the parameters \`${JSON.stringify(parameters)}\`.`]),
    ...(existing.length === 0 ? [] : [`In its namespace: ${existing.join(', ')}.`]),
    ...(ofCluster.length === 0 ? [] : [`In the cluster: ${ofCluster.join(', ')}.`]),
    ...(installation === undefined ? [] : [describeInstallation(installation)]),
  ];
  const context = around.map((sentence) => `${sentence}\n\n`).join('');
  return `### ${capitalise(example.title)}\n\n${context}\`\`\`yaml\n${shorten(renderYaml([server]))}\`\`\`\n`;
}

function describePrefixes(prefixes: Example['prefixes'] = {}): readonly string[] {
  return Object.entries(prefixes).flatMap(([claim, servers]) => {
    const [namespace = '', extension = '', prefix = ''] = claim.split('/');
    const where = `with the prefix \`${prefix}\` at MCPGatewayExtension \`${namespace}/${extension}\``;
    return servers.map((server) => `MCPServer \`${server}\` is registered ${where}`);
  });
}

const apiWords = {
  off: 'is switched off in the installation',
  served: 'is there',
  absent: 'is not in the cluster',
  unknown: 'could not be looked up',
} as const satisfies Record<ApiState, string>;

function describeApis(apis: ApiStates): string {
  const known = expandedKinds.filter(isOptional).flatMap(({ kind }) => {
    const state = apis.get(kind);
    return state === undefined ? [] : [`\`${kind}\` ${apiWords[state]}`];
  });
  return `Of optional kinds: ${known.join(', ')}.`;
}

/** Samples are in the namespace `mcp`, which their manifests leave out. */
function describeInstallation({ namespace, serviceAccounts, secrets, podLabels, apis }: Installation): string {
  if (apis !== undefined) return describeApis(apis);
  const where = namespace === 'mcp' ? 'in the same namespace' : `in the namespace \`${namespace}\``;
  const labels = Object.entries(podLabels).map(([key, value]) => `${key}: ${value}`);
  const names = [
    `the accounts ${quote(serviceAccounts)}`,
    `the Secret ${quote(secrets)}`,
    `pods with the labels ${quote(labels)}`,
  ];
  return `mcp-lifecycle runs ${where}, with ${names.join(', ')}.`;
}

function quote(texts: readonly string[]): string {
  return texts.map((text) => `\`${text}\``).join(' and ');
}

/** Longest line of a sample, in characters: some samples are about what is too long. */
const maxLineLength = 300;

function shorten(yaml: string): string {
  return yaml
    .split('\n')
    .map((line) =>
      line.length <= maxLineLength ? line : `${line.slice(0, 100)}… (${line.length} characters; shortened here)`,
    )
    .join('\n');
}

function describeObjects(kind: string, objects: Example['configMaps']): readonly string[] {
  return Object.entries(objects ?? {}).map(([name, keys]) =>
    keys.length === 0
      ? `${kind} \`${name}\` without keys`
      : `${kind} \`${name}\` with ${keys.map((key) => `\`${key}\``).join(', ')}`,
  );
}

/** In the place of its keys what each says. */
function saidBy(settings: Example['gatewaySettings'] = {}): Example['configMaps'] {
  const said = ([name, texts]: [string, Readonly<Record<string, string>>]): [string, readonly string[]] => [
    name,
    Object.entries(texts).map(([key, text]) => `${key}: ${JSON.stringify(text)}`),
  ];
  return Object.fromEntries(Object.entries(settings).map(said));
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
