import type { Finding } from '../engine/finding.ts';
import { oneLine } from '../engine/text.ts';
import { namespaceOf } from '../mcpserver/names.ts';
import type { Reference } from '../mcpserver/references.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { FieldPath } from '../mcpserver/violation.ts';

/** What is wrong, and with what. */
interface Wrong {
  readonly server: MCPServer;
  readonly references: readonly Reference[];
  readonly finding: Finding;
}

type Words = (wrong: Wrong) => string | undefined;

/** Longest sentence, in characters: names of objects are short, those of variables may be anything. */
const maxLength = 1_000;

/** Of which field it speaks, in the order in which the reference operator looks. */
const order: readonly FieldPath[] = [
  ['spec', 'config', 'storage'],
  ['spec', 'config', 'envFrom'],
  ['spec', 'config', 'env'],
  ['spec', 'network'],
  ['spec', 'transport', 'tls'],
];

/** By the ids of rules: scripts match on these words. Of the others the words are not known. */
const words: Readonly<Record<string, Words>> = {
  'config-map-exists': sayMissing,
  'secret-exists': sayMissing,
  'references-named': sayNameless,
  'ca-bundle-usable': sayHeadline,
  'tls-trust-exclusive': sayHeadline,
};

/**
 * What the reference operator says of a configuration that it does not accept: the first thing that it comes to, and nothing
 * else. Undefined where nobody knows how it puts that.
 */
export function sayAsReference(
  { server, references }: Omit<Wrong, 'finding'>,
  blocking: readonly Finding[],
): string | undefined {
  const [first] = blocking.toSorted((a, b) => rankOf(a) - rankOf(b));
  if (first === undefined || !Object.hasOwn(words, first.ruleId)) return undefined;
  const said = words[first.ruleId]?.({ server, references, finding: first });
  return said === undefined ? undefined : oneLine(said, maxLength);
}

/** Where two are of the same field, the order of the findings stands. */
function rankOf({ path }: Finding): number {
  const found = order.findIndex((place) => place.every((segment, index) => path[index] === segment));
  return found === -1 ? order.length : found;
}

function sayHeadline({ finding }: Wrong): string {
  return finding.headline;
}

function sayNameless(wrong: Wrong): string | undefined {
  const reference = referenceOf(wrong);
  if (reference?.usage !== 'storage') return sayMissing(wrong);
  return `${reference.kind} name must not be empty for storage mount at index ${indexOf(reference)}`;
}

function sayMissing(wrong: Wrong): string | undefined {
  const reference = referenceOf(wrong);
  if (reference === undefined) return undefined;
  const { kind, name, usage } = reference;
  const what = whatIsMissing[usage]?.(`${kind} '${name}'`, indexOf(reference), wrong.server);
  return what === undefined ? undefined : `${what} not found in namespace '${namespaceOf(wrong.server)}'`;
}

/** By where it is named; of other references the reference operator says nothing. */
const whatIsMissing: Partial<Record<Reference['usage'], (object: string, index: number, server: MCPServer) => string>> =
  {
    storage: (object) => object,
    'env-from': (object, index) => `${object} (envFrom index ${index})`,
    env: (object, index, { spec }) =>
      `${object} referenced by env var '${spec.config.env?.[index]?.name ?? ''}' (env index ${index})`,
    'tls-ca': (object) => `TLS CA bundle ${object}`,
  };

function referenceOf({ references, finding }: Wrong): Reference | undefined {
  const place = finding.path.join('/');
  return references.find(({ path }) => path.join('/') === place);
}

/** In the list that the reference is in. */
function indexOf({ path }: Reference): number {
  return path.find((segment) => typeof segment === 'number') ?? 0;
}
