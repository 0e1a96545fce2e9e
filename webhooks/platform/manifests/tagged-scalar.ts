import { isInteger, resolvePlainScalar, type PlainScalar } from './plain-scalar.ts';

const core = 'tag:yaml.org,2002:';

/** What a value with a tag means; a refusal says why kubectl, or JSON, does not have it. */
export type TaggedScalar = PlainScalar | { readonly type: 'refused'; readonly message: string };

/**
 * A value with a tag as kubectl reads it, with or without quotes: `!!int "12"` is 12, `!!str on` is a text, and so is
 * everything with a tag of somebody's own. A value that is none of its tag is refused.
 */
export function resolveTaggedScalar(tag: string, source: string): TaggedScalar {
  const name = tag.startsWith(core) ? tag.slice(core.length) : '';
  if (name === 'binary') return decodeBinary(source);
  if (!Object.hasOwn(accepts, name)) return { type: 'value', value: source };
  if (name === 'timestamp') return timestamp.test(source) ? { type: 'value', value: source } : refusal(name);
  const resolved = resolvePlainScalar(source);
  const isOfTag = accepts[name]?.(resolved, source) === true;
  return isOfTag ? resolved : refusal(name);
}

const accepts: Readonly<Record<string, (resolved: PlainScalar, source: string) => boolean>> = {
  int: (_resolved, source) => isInteger(source),
  float: (resolved) => resolved.type !== 'value' || typeof resolved.value === 'number',
  bool: (resolved) => resolved.type === 'value' && typeof resolved.value === 'boolean',
  null: (resolved) => resolved.type === 'value' && resolved.value === null,
  timestamp: () => true,
};

/** It stays a text. */
const timestamp =
  /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}([.,]\d+)?(Z|[-+]\d{2}:\d{2})| \d{1,2}:\d{1,2}:\d{1,2}([.,]\d+)?)?$/;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The text that the bytes are. */
function decodeBinary(source: string): TaggedScalar {
  const written = source.replace(/[\r\n]/g, '');
  if (!base64.test(written)) return { type: 'refused', message: '!!binary needs base64' };
  try {
    const value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(written, 'base64'));
    return { type: 'value', value };
  } catch {
    return { type: 'refused', message: '!!binary holds bytes that are no text, which JSON does not have' };
  }
}

function refusal(name: string): TaggedScalar {
  return { type: 'refused', message: `this value is no !!${name}: correct it, or leave the tag out` };
}
