import { readFile } from 'node:fs/promises';
import type { Rule } from '../../webhooks/core/engine/rule.ts';
import { describeDocument, documentShape, policyApiVersion } from '../../webhooks/core/policy/document.ts';
import { object, type JsonSchema } from '../../webhooks/core/policy/shape.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';
import { inRepository } from './root.ts';
import { loadRules } from './rule-pages.ts';

const source = 'webhooks/core/policy/document.ts';

/** docs/reference/policy.schema.json: a policy, for editors and pipelines. Unknown rules and parameters are refused by it. */
export const policySchema: Generator = {
  name: 'policy schema',
  async generate() {
    const { schema } = documentShape(await loadRules());
    const head = {
      $comment: generatedHeader('', source).trim(),
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: `A policy of mcp-lifecycle, ${policyApiVersion}`,
    };
    // The comment has to be in the first line, which says of every generated file that it is one.
    const content = `${JSON.stringify({ ...head, ...schema }, null, 2).replace(/^\{\n\s*/, '{ ')}\n`;
    return [{ path: 'docs/reference/policy.schema.json', content }];
  },
};

const valuesPath = 'chart/values.schema.json';

/** The line of the values' schema that is the policy: the same, but for apiVersion and kind, which the chart writes. */
const valuesLine = /^ {4}"policy": \{.*\}(,?)$/m;

/** The policy among the values of the chart. Without texts: Helm shows none, and each release carries the schema. */
export const policyValues: Generator = {
  name: 'policy values',
  async generate() {
    const before = await readFile(inRepository(valuesPath), 'utf8');
    const schema = JSON.stringify(valuesSchema(await loadRules()));
    const content = before.replace(valuesLine, (_line, comma: string) => `    "policy": ${schema}${comma}`);
    return [{ path: valuesPath, content }];
  },
};

/** Exported for its test. */
function valuesSchema(rules: readonly Rule[]): JsonSchema {
  const { policy } = describeDocument(rules);
  // The chart writes these two; who copies a whole policy into his values need not take them out.
  const given = {
    apiVersion: { ...policy.apiVersion, isRequired: false },
    kind: { ...policy.kind, isRequired: false },
  };
  return { $comment: generatedHeader('', source).trim(), ...withoutTexts(object({ ...policy, ...given }).schema) };
}

/** Without descriptions; a property of that name stays. */
function withoutTexts(schema: JsonSchema): JsonSchema {
  const kept = Object.entries(schema).filter(([name, value]) => name !== 'description' || typeof value !== 'string');
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutTextsIn(value)]));
}

function withoutTextsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTextsIn);
  // Parts of a JSON schema are objects of JSON.
  return typeof value === 'object' && value !== null ? withoutTexts(value as JsonSchema) : value;
}
