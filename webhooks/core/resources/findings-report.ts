import type { Finding, Severity } from '../engine/finding.ts';
import { renderSentence } from '../engine/render.ts';
import { shortenEnd } from '../engine/text.ts';
import { API } from '../mcpserver/api.ts';
import { namespaceOf, objectLabels, reportName } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import type { ExpansionInput, KubernetesObject, OptionalApi } from './expanded-kind.ts';

/** Most results in one report: there is one for each server, and etcd and our cache hold all of them. `summary` counts all. */
export const maxResults = 20;

/** Longest message of one, in characters; `mcp-lifecycle check` has the whole sentence. */
const maxMessageLength = 300;

/** Which policy engine says so: the same in both kinds, and for every release. */
const source = 'mcp-lifecycle';

/** An API for reports of policy engines, written for every server where it is switched on. */
export const reportsApi: OptionalApi = {
  feature: 'reports',
  install: 'install the CustomResourceDefinitions of OpenReports (openreports.io), or those of wgpolicyk8s.io',
};

type Fields = Readonly<Record<string, unknown>>;

/** What both kinds have in common, which is all but where they say who speaks. */
export function findingsReport(
  { server, verdict }: ExpansionInput,
  of: { readonly apiVersion: string; readonly kind: string },
): readonly KubernetesObject[] {
  if (verdict === undefined) return [];
  const { findings, rules } = verdict;
  return [
    {
      apiVersion: of.apiVersion,
      kind: of.kind,
      metadata: { name: reportName(server), namespace: namespaceOf(server), labels: objectLabels(server) },
      scope: scopeOf(server),
      summary: summarise(findings, rules),
      // Without a time: what is found again is no news, and would be written again.
      ...(findings.length === 0 ? {} : { results: findings.slice(0, maxResults).map(toResult) }),
    },
  ];
}

function scopeOf(server: MCPServer): Fields {
  const { name, uid } = server.metadata;
  const { apiVersion, kind } = API;
  return { apiVersion, kind, namespace: namespaceOf(server), name, ...(uid === undefined ? {} : { uid }) };
}

type ResultName = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

/** Rules that found nothing pass; of the others each finding counts. */
function summarise(findings: readonly Finding[], rules: number): Readonly<Record<ResultName, number>> {
  const counts = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const finding of findings) counts[resultOf(finding)] += 1;
  counts.pass = Math.max(0, rules - new Set(findings.map(({ ruleId }) => ruleId)).size);
  return counts;
}

/** `fail`: a new server would be refused for it. `warn`: it would not. `error`: nobody could look. */
function resultOf({ severity, isUnchecked }: Finding): ResultName {
  if (isUnchecked === true) return 'error';
  return severity === 'deny' ? 'fail' : 'warn';
}

const importance: Readonly<Record<Severity, string>> = { deny: 'high', warn: 'medium', audit: 'low' };

function toResult(finding: Finding): Fields {
  return {
    source,
    policy: source,
    rule: finding.ruleId,
    severity: importance[finding.severity],
    result: resultOf(finding),
    scored: finding.severity === 'deny',
    message: shortenEnd(renderSentence(finding), maxMessageLength),
    properties: { action: finding.severity, path: shortenEnd(renderPath(finding.path), maxMessageLength) },
  };
}
