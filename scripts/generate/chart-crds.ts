import { readFile } from 'node:fs/promises';
import { compositeKinds } from '../../webhooks/core/composites/composite-kinds.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';
import { inRepository } from './root.ts';

interface ChartCrd {
  readonly name: string;
  /** When the chart has it. */
  readonly condition: string;
}

/** Each CRD of crds/ that the chart carries: Helm never upgrades a chart's own crds/ folder, so they are templates. */
const chartCrdList: readonly ChartCrd[] = [
  { name: 'mcpservers.mcp.x-k8s.io', condition: '.Values.crds.enabled' },
  { name: 'mcpgatewaybindings.mcp.x-k8s.io', condition: 'and .Values.crds.enabled .Values.gateway.enabled' },
  ...compositeKinds.map(({ plural, group, feature }) => ({
    name: `${plural}.${group}`,
    condition: `and .Values.crds.enabled .Values.${feature}.enabled`,
  })),
];

/** The CRDs as templates of the chart, under `crds.enabled` and `crds.keep`; those of a feature under its value, too. */
export const chartCrds: Generator = {
  name: 'chart-crds',
  generate: () => Promise.all(chartCrdList.map(buildTemplate)),
};

async function buildTemplate({ name, condition }: ChartCrd): Promise<GeneratedFile> {
  const source = `crds/${name}.yaml`;
  const crd = (await readFile(inRepository(source), 'utf8')).replace(/^#.*\n/, '');
  return {
    path: `chart/templates/crd-${name}.yaml`,
    // A comment of the template: one of YAML would be an object of its own, and null, where the CRD is left out.
    content: `{{- /* ${generatedHeader('', source).trim()} */}}\n${toTemplate(crd, { name, condition })}`,
  };
}

/** Pure text: the schema is too large to be worth parsing, and Helm must see exactly the bytes of crds/. */
function toTemplate(crd: string, { name, condition }: ChartCrd): string {
  const metadata = `metadata:\n  name: ${name}\n`;
  if (crd.includes('{{')) throw new Error(`crds/${name}.yaml holds '{{', which Helm would take for a template`);
  if (crd.split(metadata).length !== 2) throw new Error(`crds/${name}.yaml has no plain metadata block to extend`);
  const extended = `${metadata}  labels:
    {{- include "mcp-lifecycle.labels" . | nindent 4 }}
  {{- if or .Values.crds.keep .Values.crds.annotations }}
  annotations:
    {{- if .Values.crds.keep }}
    helm.sh/resource-policy: keep
    {{- end }}
    {{- with .Values.crds.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
`;
  return `{{- include "mcp-lifecycle.fillIn" . }}
{{- if ${condition} }}\n${crd.replace(metadata, () => extended)}{{- end }}\n`;
}
