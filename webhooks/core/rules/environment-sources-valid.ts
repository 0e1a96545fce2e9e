import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { isDataKey, isQualifiedName, isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  Quantity,
  ResourceFieldSelector,
} from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { parseQuantity } from './parts/quantity.ts';
import { withVariables, withVariablesFrom } from './parts/example-specs.ts';

/** https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
const podFields: ReadonlySet<string> = new Set([
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.host',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);

const mapField = /^metadata\.(labels|annotations)\['(.*)'\]$/s;

const containerResource = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.*)$/s;

export const environmentSourcesValid: Rule = {
  id: 'environment-sources-valid',
  severity: 'deny',
  summary: 'The source of a variable must name an object, a key, a field or a resource that can exist.',
  rationale:
    'The sources go into the Deployment as they are, and Kubernetes refuses it for one that can never be read: a name or ' +
    'a key with characters that no object has, a field of the pod that is not offered, a divisor that is no unit. A file ' +
    'in a volume (`fileKeyRef`) would have to be written by an init container, which an MCPServer does not have.',
  remedy: 'Correct the source.',
  examples: {
    accepts: [
      {
        title: 'the name of the pod and one of its labels',
        spec: withVariables(
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'TEAM', valueFrom: { fieldRef: { fieldPath: "metadata.labels['example.com/team']" } } },
        ),
      },
      {
        title: 'the memory limit in mebibytes',
        spec: withVariables({
          name: 'MEMORY',
          valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } },
        }),
      },
    ],
    rejects: [
      {
        title: 'a field that is not offered',
        spec: withVariables({ name: 'PHASE', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }),
      },
      {
        title: 'all labels at once',
        spec: withVariables({ name: 'LABELS', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }),
      },
      {
        title: 'a resource without limits or requests',
        spec: withVariables({ name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'cpu' } } }),
      },
      {
        title: 'a divisor that is no unit',
        spec: withVariables({
          name: 'MEMORY',
          valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '2Mi' } },
        }),
      },
      {
        title: 'a key with a slash',
        spec: withVariables({ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'a/b' } } }),
      },
      { title: 'a name in upper case', spec: withVariablesFrom({ configMapRef: { name: 'Settings' } }) },
      {
        title: 'a file that nobody writes',
        spec: withVariables({
          name: 'KEY',
          valueFrom: { fileKeyRef: { volumeName: 'vol-0', path: 'env', key: 'KEY' } },
        }),
      },
    ],
  },
  check({ server }) {
    const { env, envFrom } = server.spec.config;
    return join(
      each(env, envPlace, checkVariable, isUsual),
      each(envFrom, envFromPlace, (source, at) => checkBulkSource(source, pathTo(at)), isUsualBulk),
    );
  },
};

const envPlace = placeOf('spec', 'config', 'env');
const envFromPlace = placeOf('spec', 'config', 'envFrom');

/** A value, a key of a Secret or ConfigMap, or a field of the pod: nearly every variable, and nothing to build for it. */
function isUsual({ valueFrom }: EnvVar): boolean {
  return valueFrom === undefined || isUsualSource(valueFrom);
}

function isUsualSource({
  configMapKeyRef,
  secretKeyRef,
  fieldRef,
  fileKeyRef,
  resourceFieldRef,
}: EnvVarSource): boolean {
  if (fileKeyRef !== undefined || resourceFieldRef !== undefined) return false;
  return (
    isUsualKey(configMapKeyRef) &&
    isUsualKey(secretKeyRef) &&
    (fieldRef === undefined || (fieldRef.apiVersion === undefined && podFields.has(fieldRef.fieldPath)))
  );
}

function isUsualKey(selector: { readonly name?: string; readonly key: string } | undefined): boolean {
  if (selector === undefined) return true;
  return isUsualName(selector.name) && isDataKey(selector.key);
}

function isUsualBulk({ configMapRef, secretRef }: EnvFromSource): boolean {
  return isUsualName(configMapRef?.name) && isUsualName(secretRef?.name);
}

function isUsualName(name = ''): boolean {
  return name === '' || isSubdomain(name);
}

function checkVariable({ valueFrom }: EnvVar, place: Place): readonly Violation[] {
  return valueFrom === undefined ? none : checkSource(valueFrom, pathTo(place, 'valueFrom'));
}

function checkSource(source: EnvVarSource, path: FieldPath): readonly Violation[] {
  const { fieldRef, fileKeyRef, resourceFieldRef } = source;
  return [
    ...(['configMapKeyRef', 'secretKeyRef'] as const).flatMap((field) => {
      const { name = '', key } = source[field] ?? {};
      return [...checkName(name, isSubdomain, [...path, field, 'name']), ...checkKey(key, [...path, field, 'key'])];
    }),
    ...(fieldRef === undefined ? [] : checkField(fieldRef, [...path, 'fieldRef'])),
    ...(fileKeyRef === undefined ? [] : [checkFile(fileKeyRef, [...path, 'fileKeyRef'])]),
    ...(resourceFieldRef === undefined ? [] : checkResource(resourceFieldRef, [...path, 'resourceFieldRef'])),
  ];
}

function checkBulkSource({ configMapRef, secretRef }: EnvFromSource, path: FieldPath): readonly Violation[] {
  return [
    ...checkName(configMapRef?.name ?? '', isSubdomainOrPrefix, [...path, 'configMapRef', 'name']),
    ...checkName(secretRef?.name ?? '', isSubdomainOrPrefix, [...path, 'secretRef', 'name']),
  ];
}

/** Here Kubernetes also takes a name that ends in a hyphen. */
function isSubdomainOrPrefix(name: string): boolean {
  return isSubdomain(/[a-z0-9]-$/.test(name) ? `${name.slice(0, -1)}x` : name);
}

/** A name that is missing has its own rule. */
function checkName(name: string, isFine: (name: string) => boolean, path: FieldPath): readonly Violation[] {
  if (name === '' || isFine(name)) return [];
  const remedy = 'Use at most 253 lower case letters, digits, hyphens and dots, a letter or digit first and last.';
  return [{ path, headline: 'no object can have this name', detail: `found '${name}'`, remedy }];
}

function checkKey(key: string | undefined, path: FieldPath): readonly Violation[] {
  if (key === undefined || isDataKey(key)) return [];
  const remedy = 'Use at most 253 letters, digits, hyphens, underscores and dots.';
  return [{ path, headline: 'no object can have this key', detail: `found '${key}'`, remedy }];
}

function checkField({ apiVersion = '', fieldPath }: ObjectFieldSelector, path: FieldPath): readonly Violation[] {
  return [
    ...(['', 'v1'].includes(apiVersion)
      ? []
      : [
          {
            path: [...path, 'apiVersion'],
            headline: 'pods have no such version',
            detail: `found '${apiVersion}'`,
            remedy: 'Remove it.',
          },
        ]),
    ...(isPodField(fieldPath)
      ? []
      : [
          {
            path: [...path, 'fieldPath'],
            headline: 'the field of the pod is not offered to its container',
            detail: `found '${fieldPath}'`,
            remedy: "Use one such as metadata.name, status.podIP or metadata.labels['KEY'].",
          },
        ]),
  ];
}

function isPodField(fieldPath: string): boolean {
  const match = mapField.exec(fieldPath);
  if (match === null) return podFields.has(fieldPath);
  const [, map, key = ''] = match;
  return isQualifiedName(map === 'annotations' ? key.toLowerCase() : key);
}

function checkFile({ path: file }: FileKeySelector, path: FieldPath): Violation {
  return {
    path,
    headline: 'no init container writes the file',
    detail: `found '${file}'`,
    remedy: 'Take the value from a ConfigMap or a Secret.',
  };
}

function checkResource({ divisor = 0, resource }: ResourceFieldSelector, path: FieldPath): readonly Violation[] {
  const [, , name] = containerResource.exec(resource) ?? [];
  if (name === undefined) {
    const remedy = 'Use limits or requests of cpu, memory, ephemeral-storage or hugepages-SIZE, such as limits.cpu.';
    const headline = 'the resource is not offered to the container';
    return [{ path: [...path, 'resource'], headline, detail: `found '${resource}'`, remedy }];
  }
  if (isUnit(divisor, name)) return [];
  const remedy = name === 'cpu' ? 'Use 1 or 1m.' : 'Use 1, or one of a unit such as 1k or 1Mi.';
  return [{ path: [...path, 'divisor'], headline: 'the divisor is no unit', detail: `found ${divisor}`, remedy }];
}

const one = 10n ** 9n;

/** One of each unit of its notation; zero means the default. Kubernetes compares texts, so `1e3` is not `1k`. */
function isUnit(divisor: Quantity, resource: string): boolean {
  const read = parseQuantity(divisor);
  if (read === undefined) return false;
  const { nano, notation } = read;
  if (nano === 0n) return true;
  if (notation === 'exponent') return false;
  if (resource === 'cpu') return nano === one || nano === one / 1000n;
  const base = notation === 'binary' ? 1024n : 1000n;
  return [0n, 1n, 2n, 3n, 4n, 5n, 6n].some((power) => nano === one * base ** power);
}
