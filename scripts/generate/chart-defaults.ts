import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';
import { inRepository } from './root.ts';

/** Where nothing is a choice: no limit, an id that the cluster chooses, metrics for anybody. */
const takenAway = ['resources', 'podSecurityContext', 'metricsFrom'];

/** The values of values.yaml that a template fills in where they are absent. */
function withoutChoices(values: unknown): unknown {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return values;
  const kept = Object.entries(values).filter(([key]) => !takenAway.includes(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutChoices(value)]));
}

/** `helm upgrade --reuse-values` brings the values of the release before, and none that are new since; null takes one away. */
export const chartDefaults: Generator = {
  name: 'chart defaults',
  async generate() {
    const source = 'chart/values.yaml';
    const text = stringify(withoutChoices(parse(await readFile(inRepository(source), 'utf8'))));
    if (text.includes('{{')) throw new Error(`${source} holds '{{', which Helm would take for a template`);
    const content = `{{- /* ${generatedHeader('', source).trim()} */ -}}
{{- define "mcp-lifecycle.defaults" -}}
${text}{{- end }}
`;
    return [{ path: 'chart/templates/_defaults.gen.tpl', content }];
  },
};
