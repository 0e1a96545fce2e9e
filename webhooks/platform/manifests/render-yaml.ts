import { Document, isScalar, visit } from 'yaml';
import { escapeForYaml, needsEscapeForYaml } from '../escape-for-yaml.ts';
import { resolvePlainScalar } from './plain-scalar.ts';

/** The values as YAML documents that kubectl reads back as they are: texts that look like something else are quoted. */
export function renderYaml(values: readonly unknown[]): string {
  return values.map(renderDocument).join('---\n');
}

function renderDocument(value: unknown): string {
  const document = new Document(value, { schema: 'core', aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === 'string' && isReadOtherwise(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return escapeForYaml(document.toString({ lineWidth: 0 }));
}

function isReadOtherwise(text: string): boolean {
  if (needsEscapeForYaml(text)) return true;
  const resolved = resolvePlainScalar(text);
  return text === '<<' || resolved.type !== 'value' || resolved.value !== text;
}
