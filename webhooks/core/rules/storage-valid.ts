import type { Rule } from '../engine/rule.ts';
import { shortenEnd } from '../engine/text.ts';
import { each, join, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { ConfigMapVolumeSource, KeyToPath, Quantity, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { toNano } from './parts/quantity.ts';
import { ofConfigMap, ofEmptyDir, ofSecret, withMounts } from './parts/example-specs.ts';

const maxMode = 0o777;

export const storageValid: Rule = {
  id: 'storage-valid',
  severity: 'deny',
  summary: 'Every mounted file must stay inside its volume and have a usable mode, and a size must not be negative.',
  rationale:
    'The sources of the mounts go into the Deployment as they are, and Kubernetes refuses it for one file that has no ' +
    'key, that leaves its volume, or whose mode is none. YAML reads `0644` as octal and JSON has no octal numbers: a mode ' +
    'of 644 there is a mistake that this rule finds.',
  remedy: 'Correct the field.',
  examples: {
    accepts: [
      {
        title: 'one file of a ConfigMap, readable by everybody',
        spec: withMounts({
          path: '/etc/search',
          source: ofConfigMap({ name: 'search-config', items: [{ key: 'a', path: 'conf/a.toml', mode: 0o444 }] }),
        }),
        configMaps: { 'search-config': ['a'] },
      },
      {
        title: 'scratch space in memory',
        spec: withMounts({
          path: '/tmp',
          permissions: 'ReadWrite',
          source: ofEmptyDir({ medium: 'Memory', sizeLimit: '64Mi' }),
        }),
      },
    ],
    rejects: [
      {
        title: 'a file that leaves its volume',
        spec: withMounts({
          path: '/etc/search',
          source: ofSecret({ secretName: 'keys', items: [{ key: 'a', path: '../a' }] }),
        }),
      },
      {
        title: 'a file without a key',
        spec: withMounts({
          path: '/etc/search',
          source: ofSecret({ secretName: 'keys', items: [{ key: '', path: 'a' }] }),
        }),
      },
      {
        title: 'a mode that was meant to be octal',
        spec: withMounts({ path: '/etc/search', source: ofSecret({ secretName: 'keys', defaultMode: 644 }) }),
      },
      {
        title: 'a negative size',
        spec: withMounts({ path: '/tmp', permissions: 'ReadWrite', source: ofEmptyDir({ sizeLimit: '-1Gi' }) }),
      },
    ],
  },
  check({ server }) {
    return each(server.spec.config.storage, storage, checkMount, isUsual);
  },
};

const storage = placeOf('spec', 'config', 'storage');

/** Nearly every mount: no modes, and files below it. Their size is looked at in any case. */
function isUsual({ source }: StorageMount): boolean {
  switch (source.type) {
    case 'ConfigMap':
      return areUsualFiles(source.configMap);
    case 'Secret':
      return areUsualFiles(source.secret);
    case 'EmptyDir':
      return source.emptyDir?.sizeLimit === undefined;
  }
}

function areUsualFiles({ defaultMode, items }: Files = {}): boolean {
  return isMode(defaultMode) && (items === undefined || items.every(isUsualFile));
}

function isUsualFile({ key, mode, path: file }: KeyToPath): boolean {
  return key !== '' && isMode(mode) && findProblem(file) === undefined;
}

function checkMount({ source }: StorageMount, place: Place): readonly Violation[] {
  const at = inside(place, 'source');
  switch (source.type) {
    case 'ConfigMap':
      return checkFiles(source.configMap, inside(at, 'configMap'));
    case 'Secret':
      return checkFiles(source.secret, inside(at, 'secret'));
    case 'EmptyDir':
      return checkSize(source.emptyDir?.sizeLimit, inside(at, 'emptyDir'));
  }
}

type Files = Pick<ConfigMapVolumeSource, 'defaultMode' | 'items'>;

function checkFiles({ defaultMode, items }: Files = {}, place: Place): readonly Violation[] {
  return join(checkMode(defaultMode, inside(place, 'defaultMode')), each(items, inside(place, 'items'), checkItem));
}

function checkItem({ key, mode, path: file }: KeyToPath, place: Place): readonly Violation[] {
  const problem = findProblem(file);
  if (key !== '' && problem === undefined) return checkMode(mode, inside(place, 'mode'));
  return [
    ...(key === ''
      ? [{ path: pathTo(place, 'key'), headline: 'the file has no key', detail: 'found none', remedy: 'Set the key.' }]
      : []),
    ...checkMode(mode, inside(place, 'mode')),
    ...(problem === undefined
      ? []
      : [
          {
            path: pathTo(place, 'path'),
            headline: problem,
            detail: `found '${file}'`,
            remedy: 'Use a path below the mount, without a slash or two dots first, and without .. in it.',
          },
        ]),
  ];
}

function findProblem(file: string): string | undefined {
  if (file === '') return 'the file has no path';
  if (file.startsWith('/')) return 'the path of the file is absolute';
  if (file.includes('..') && file.split('/').includes('..')) return 'the path of the file leaves its volume';
  // Kubernetes keeps such names for itself.
  return file.startsWith('..') ? 'the path of the file starts with two dots' : undefined;
}

function isMode(mode: number | undefined): boolean {
  return mode === undefined || (mode >= 0 && mode <= maxMode);
}

function checkMode(mode: number | undefined, place: Place): readonly Violation[] {
  if (mode === undefined || isMode(mode)) return none;
  return [
    {
      path: pathTo(place),
      headline: 'the file mode is out of range',
      detail: `found ${mode}`,
      remedy: 'Use a mode from 0 to 0777 in YAML, 0 to 511 in JSON.',
    },
  ];
}

function checkSize(size: Quantity | undefined, place: Place): readonly Violation[] {
  if (size === undefined) return none;
  const nano = toNano(size);
  if (nano !== undefined && nano >= 0n) return none;
  return [
    {
      path: pathTo(place, 'sizeLimit'),
      headline: nano === undefined ? 'the size cannot be read' : 'the size is negative',
      detail: `found ${shortenEnd(String(size), 40)}`,
      remedy: 'Write a size such as 64Mi, or remove it.',
    },
  ];
}
