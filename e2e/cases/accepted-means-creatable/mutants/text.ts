import { each, type Mutant } from './mutant.ts';

/**
 * Of each class that JSON, YAML or a terminal treats in its own way: controls, DEL, C1 with the next-line character,
 * line separators, a byte order mark, a direction override, private use, noncharacters, half a surrogate pair and a pair.
 */
const characters = [
  ...['\0', '\u0001', '\t', '\n', '\u007F', '\u0080', '\u0085', '\u00A0', '\u2028', '\u2029', '\u202E'],
  ...['\uD83E', '\u{1F914}', '\uE000', '\uFEFF', '\uFFFE', '\uFFFF', '\u{1FFFE}', '\\ud83e', '"', '\\'],
];
export const texts = characters.map((character) => `a ${character} b`);

/** Texts of any kind, where Kubernetes takes them and where it does not. */
export const text: readonly Mutant[] = [
  ...each(
    'config.env',
    texts.map((value) => [{ name: 'A', value }]),
  ),
  ...each(
    'config.env',
    characters.map((character) => [{ name: `A${character}`, value: 'x' }]),
  ),
  ...each(
    'config.arguments',
    texts.map((argument) => [argument]),
  ),
  ...each(
    'config.storage',
    texts.map((path) => [{ path: `/${path}`, source: { type: 'EmptyDir', emptyDir: {} } }]),
  ),
  ...each(
    'config.storage',
    texts.map((path) => [
      { path: '/a', source: { type: 'ConfigMap', configMap: { name: 'settings', items: [{ key: 'a', path }] } } },
    ]),
  ),
  ...each(
    'extraAnnotations',
    texts.map((value) => ({ a: value })),
  ),
  ...each(
    'extraAnnotations',
    characters.map((character) => ({ [`a${character}`]: 'x' })),
  ),
  ...each(
    'extraLabels',
    characters.map((character) => ({ a: `a${character}b` })),
  ),
  ...each(
    'runtime.health.readinessProbe',
    texts.map((path) => ({ httpGet: { path: `/${path}`, port: 8080 } })),
  ),
];
