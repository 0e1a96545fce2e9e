import { stringify } from 'yaml';
import type { Rule } from '../../webhooks/core/engine/rule.ts';
import { profiles } from '../../webhooks/core/policy/profiles.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';
import { celVariables, privilegesInCel } from './privileges-in-cel.ts';

/** What the chart chooses from, by the ids of rules. */
interface ChartRule {
  /** Profiles in which the rule refuses where the policy says no more. */
  readonly deniedIn: readonly string[];
  /** Of a ValidatingAdmissionPolicy. */
  readonly validation: { readonly expression: string; readonly message: string; readonly reason: 'Invalid' };
}

export function toChartRule(rule: Rule): ChartRule {
  const conditions = Object.hasOwn(privilegesInCel, rule.id) ? (privilegesInCel[rule.id] ?? []) : [];
  if (conditions.length === 0) throw new Error(`${rule.id} is about privileges, and privileges-in-cel.ts lacks it`);
  const deniedIn = Object.entries(profiles).filter(([, { actionOf }]) => actionOf(rule) === 'deny');
  return {
    deniedIn: deniedIn.map(([name]) => name),
    validation: {
      expression: conditions.length === 1 ? conditions.join('') : `(${conditions.join(') &&\n(')})`,
      message: `${rule.summary} ${rule.remedy} [${rule.id}]`,
      reason: 'Invalid',
    },
  };
}

/** What API servers judge by themselves where the webhook fails open: the table in CEL, of which the chart takes what the policy denies. */
export const admissionPolicy: Generator = {
  name: 'admission policy',
  async generate() {
    // Imported late: the generator of the lists may just have written it.
    const { rules } = await import('../../webhooks/core/rules/index.gen.ts');
    const chosen = rules.filter(({ isAboutPrivileges }) => isAboutPrivileges === true);
    const byId = Object.fromEntries(chosen.map((rule) => [rule.id, toChartRule(rule)]));
    const texts = [stringify(celVariables, { lineWidth: 0 }), stringify(byId, { lineWidth: 0 })];
    if (texts.some((text) => text.includes('{{'))) throw new Error("an expression holds '{{', which Helm would take");
    const content = `{{- /* ${generatedHeader('', 'scripts/generate/privileges-in-cel.ts').trim()} */ -}}
{{- define "mcp-lifecycle.privilegeVariables" -}}
${texts[0] ?? ''}{{- end }}

{{- define "mcp-lifecycle.privilegeRules" -}}
${texts[1] ?? ''}{{- end }}
`;
    return [{ path: 'chart/templates/_privilege-rules.gen.tpl', content }];
  },
};
