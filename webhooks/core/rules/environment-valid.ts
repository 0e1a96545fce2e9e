import type { Rule } from '../engine/rule.ts';
import { each, join } from '../engine/violations.ts';
import { pathTo, placeOf } from '../mcpserver/place.ts';
import type { EnvFromSource, EnvVar, EnvVarSource } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { withVariables, withVariablesFrom } from './parts/example-specs.ts';

/** The relaxed rule of Kubernetes: https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/ */
const allowedCharacter = /^[ -<>-~]$/;
const allowedText = /^[ -<>-~]*$/;

const valueSources = ['configMapKeyRef', 'fieldRef', 'fileKeyRef', 'resourceFieldRef', 'secretKeyRef'] as const;
const bulkSources = ['configMapRef', 'secretRef'] as const;

export const environmentValid: Rule = {
  id: 'environment-valid',
  severity: 'deny',
  summary: 'Every environment variable must have a usable name and at most one value; every source exactly one origin.',
  rationale:
    'The variables go into the Deployment as they are, and Kubernetes refuses it for one variable that is malformed or ' +
    'that has two values. The message never shows a value, nor a name that could contain one.',
  remedy: 'Correct the variable.',
  examples: {
    accepts: [
      { title: 'a name with dots and dashes', spec: withVariables({ name: 'log.level-1', value: 'info' }) },
      {
        title: 'an empty value beside a source',
        spec: withVariables({ name: 'POD', value: '', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
      },
      {
        title: 'a prefix',
        spec: withVariablesFrom({ prefix: 'APP_', configMapRef: { name: 'settings' } }),
        configMaps: { settings: [] },
      },
    ],
    rejects: [
      { title: 'an empty name', spec: withVariables({ name: '', value: 'info' }) },
      { title: 'a name with an equals sign', spec: withVariables({ name: 'LEVEL=info' }) },
      { title: 'a name beyond ASCII', spec: withVariables({ name: 'NIVEAU_É', value: 'info' }) },
      {
        title: 'a value and a source',
        spec: withVariables({ name: 'POD', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
      },
      { title: 'a source without an origin', spec: withVariables({ name: 'POD', valueFrom: {} }) },
      {
        title: 'a source with two origins',
        spec: withVariables({
          name: 'POD',
          valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, resourceFieldRef: { resource: 'limits.cpu' } },
        }),
      },
      { title: 'a bulk source without an origin', spec: withVariablesFrom({ prefix: 'APP_' }) },
      {
        title: 'a prefix with an equals sign',
        spec: withVariablesFrom({ prefix: 'APP=', configMapRef: { name: 'settings' } }),
        configMaps: { settings: [] },
      },
    ],
  },
  check({ server }) {
    const { env, envFrom } = server.spec.config;
    return join(
      each(env, envPlace, (variable, at) => checkVariable(variable, pathTo(at)), isPlain),
      each(envFrom, envFromPlace, (source, at) => checkBulkSource(source, pathTo(at)), isPlainBulk),
    );
  },
};

const envPlace = placeOf('spec', 'config', 'env');
const envFromPlace = placeOf('spec', 'config', 'envFrom');

/** Almost every variable of almost every request: nothing more has to be built or looked at. */
function isPlain({ name, value = '', valueFrom }: EnvVar): boolean {
  if (name === '' || !allowedText.test(name)) return false;
  return valueFrom === undefined || (value === '' && hasOneOrigin(valueFrom));
}

function isPlainBulk({ configMapRef, prefix = '', secretRef }: EnvFromSource): boolean {
  return allowedText.test(prefix) && (configMapRef === undefined) !== (secretRef === undefined);
}

function checkVariable({ name, value = '', valueFrom }: EnvVar, path: FieldPath): readonly Violation[] {
  const at: FieldPath = [...path, 'valueFrom'];
  return [
    ...checkName(name, [...path, 'name']),
    ...(value === '' || valueFrom === undefined
      ? []
      : [
          {
            path: at,
            headline: 'the variable has a value and a source of its value',
            detail: 'found value and valueFrom',
            remedy: 'Keep one of value and valueFrom.',
          },
        ]),
    ...(valueFrom === undefined ? [] : checkOrigins(originsOf(valueFrom), valueSources, at)),
  ];
}

function checkName(name: string, path: FieldPath): readonly Violation[] {
  if (name !== '') return checkCharacters(name, path);
  return [{ path, headline: 'the variable has no name', detail: 'found an empty name', remedy: 'Set its name.' }];
}

/** Shows the character only: who writes `TOKEN=…` as a name has written a secret. */
function checkCharacters(text: string, path: FieldPath): readonly Violation[] {
  if (allowedText.test(text)) return [];
  const wrong = Array.from(text).find((character) => !allowedCharacter.test(character));
  if (wrong === undefined) return [];
  return [
    {
      path,
      headline: 'the name contains a character that no variable may have',
      detail: wrong === '=' ? 'found an equals sign' : `found the character ${codePoint(wrong)}`,
      remedy: 'Use printable ASCII characters other than the equals sign.',
    },
  ];
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** As the length of {@link originsOf}, without the list. */
function hasOneOrigin(source: EnvVarSource): boolean {
  let count = 0;
  for (const origin of valueSources) if (source[origin] !== undefined) count += 1;
  return count === 1;
}

function originsOf(source: EnvVarSource): readonly string[] {
  return valueSources.filter((origin) => source[origin] !== undefined);
}

function checkOrigins(found: readonly string[], possible: readonly string[], path: FieldPath): readonly Violation[] {
  if (found.length === 1) return [];
  return [
    {
      path,
      headline: found.length === 0 ? 'the source has no origin' : 'the source has more than one origin',
      detail: found.length === 0 ? 'found none' : `found ${found.join(', ')}`,
      remedy: `Set exactly one of ${possible.join(', ')}.`,
    },
  ];
}

function checkBulkSource(source: EnvFromSource, path: FieldPath): readonly Violation[] {
  const found = bulkSources.filter((origin) => source[origin] !== undefined);
  return [...checkCharacters(source.prefix ?? '', [...path, 'prefix']), ...checkOrigins(found, bulkSources, path)];
}
