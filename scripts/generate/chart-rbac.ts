import { stringify } from 'yaml';
import type { ExpandedKind } from '../../webhooks/core/resources/expanded-kind.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/** Apply is a patch; the first apply of an object is also authorized as a create. */
const verbs = ['get', 'list', 'watch', 'create', 'patch'];

type Kind = Pick<ExpandedKind, 'apiVersion' | 'plural' | 'isOptional'>;

/** One rule per API group, and one more for its kinds that may have to be deleted. */
export function buildRules(kinds: readonly Kind[]): readonly object[] {
  const optional = kinds.filter(({ isOptional }) => isOptional === true);
  return [...rulesFor(kinds, verbs), ...rulesFor(optional, ['delete'])];
}

function rulesFor(kinds: readonly Kind[], granted: readonly string[]): readonly object[] {
  const byGroup = Map.groupBy(kinds, ({ apiVersion }) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : ''));
  return [...byGroup].map(([group, members]) => ({
    apiGroups: [group],
    resources: members.map(({ plural }) => plural),
    verbs: granted,
  }));
}

/** What the reconciler may do to the kinds that it expands servers into: from core's list, never by hand. */
export const chartRbac: Generator = {
  name: 'chart-rbac',
  async generate() {
    // Imported late: the generator of the lists may just have written it.
    const { expandedKinds } = await import('../../webhooks/core/resources/index.gen.ts');
    const rules = stringify(buildRules(expandedKinds), { aliasDuplicateObjects: false }).trimEnd();
    const header = generatedHeader('', 'webhooks/core/resources').trim();
    const content = `{{- /* ${header} */ -}}\n{{- define "mcp-lifecycle.expandedKindRules" -}}\n${rules}\n{{- end }}\n`;
    return [{ path: 'chart/templates/_expanded-kinds.gen.tpl', content }];
  },
};
