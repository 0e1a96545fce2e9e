import { stringify } from 'yaml';
import type { CompositeKind } from '../../webhooks/core/composites/composite-kind.ts';
import { compositeKinds } from '../../webhooks/core/composites/composite-kinds.ts';
import type { ExpandedKind } from '../../webhooks/core/resources/expanded-kind.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/** Apply is a patch; the first apply of an object is also authorized as a create. */
const verbs = ['get', 'list', 'watch', 'create', 'patch'];

type Kind = Pick<ExpandedKind, 'apiVersion' | 'plural' | 'wanted' | 'writesStatus' | 'reads'>;

/** One rule per API group, and one more each for its kinds that may have to be deleted, for status, and for what is only read. */
export function buildRules(kinds: readonly Kind[]): readonly object[] {
  const deletable = kinds.filter(({ wanted }) => wanted === 'sometimes');
  const told = kinds.filter(({ writesStatus }) => writesStatus === true);
  const statuses = told.map((of) => ({ ...of, plural: `${of.plural}/status` }));
  const read = kinds.flatMap(({ reads = [], ...of }) => reads.map((plural) => ({ ...of, plural })));
  return [
    ...rulesFor(kinds, verbs),
    ...rulesFor(deletable, ['delete']),
    ...rulesFor(statuses, ['patch']),
    ...rulesFor(read, ['get']),
  ];
}

function rulesFor(kinds: readonly Kind[], granted: readonly string[]): readonly object[] {
  const byGroup = Map.groupBy(kinds, ({ apiVersion }) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : ''));
  return [...byGroup].map(([group, members]) => ({
    apiGroups: [group],
    resources: members.map(({ plural }) => plural),
    verbs: granted,
  }));
}

/** The features that the kinds need, each once, in their order; a required kind needs none. */
function featuresOf(kinds: readonly ExpandedKind[]): ReadonlyMap<string, readonly ExpandedKind[]> {
  const optional = kinds.flatMap((of) =>
    of.requirement === 'required' ? [] : [{ of, feature: of.requirement.feature }],
  );
  const byFeature = Map.groupBy(optional, ({ feature }) => feature);
  return new Map([...byFeature].map(([feature, members]) => [feature, members.map(({ of }) => of)]));
}

/** Of a kind above MCPServer: its objects are followed and told of, and become MCPServers. */
function buildCompositeRules({ group, plural, servers }: CompositeKind): readonly object[] {
  const [serversGroup] = servers.apiVersion.split('/');
  const deleted = servers.wanted === 'sometimes' ? ['delete'] : [];
  return [
    { apiGroups: [group], resources: [plural], verbs: ['list', 'watch'] },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['patch'] },
    { apiGroups: [group], resources: [`${plural}/finalizers`], verbs: ['update'] },
    { apiGroups: [serversGroup], resources: [servers.plural], verbs: ['get', 'create', 'patch', ...deleted] },
  ];
}

/** The whole file: the rights, those of optional kinds where their value is set, and the names of what is switched on. */
function renderTemplate(kinds: readonly ExpandedKind[], composites: readonly CompositeKind[]): string {
  const features = featuresOf(kinds);
  const required = kinds.filter(({ requirement }) => requirement === 'required');
  return [
    `{{- /* ${generatedHeader('', 'webhooks/core/resources').trim()} */ -}}`,
    '{{- define "mcp-lifecycle.expandedKindRules" -}}',
    renderRules(required),
    ...[...features].flatMap(([feature, members]) => [
      `{{- if .Values.${feature}.enabled }}`,
      renderRules(members),
      '{{- end }}',
    ]),
    ...composites.flatMap((of) => [
      `{{- if .Values.${of.feature}.enabled }}`,
      stringify(buildCompositeRules(of), { aliasDuplicateObjects: false }).trimEnd(),
      '{{- end }}',
    ]),
    '{{- end }}',
    '',
    '{{/* With commas between them; empty where nothing optional is switched on. */}}',
    '{{- define "mcp-lifecycle.features" -}}',
    '{{- $features := list }}',
    ...[...features.keys(), ...composites.map(({ feature }) => feature)].map(
      (feature) => `{{- if .Values.${feature}.enabled }}{{ $features = append $features "${feature}" }}{{ end }}`,
    ),
    '{{- join "," $features }}',
    '{{- end }}',
    '',
  ].join('\n');
}

function renderRules(kinds: readonly ExpandedKind[]): string {
  return stringify(buildRules(kinds), { aliasDuplicateObjects: false }).trimEnd();
}

/** What the reconciler may do to the kinds that it expands servers into: from core's list, never by hand. */
export const chartRbac: Generator = {
  name: 'chart-rbac',
  async generate() {
    // Imported late: the generator of the lists may just have written it.
    const { expandedKinds } = await import('../../webhooks/core/resources/index.gen.ts');
    const content = renderTemplate(expandedKinds, compositeKinds);
    return [{ path: 'chart/templates/_expanded-kinds.gen.tpl', content }];
  },
};
