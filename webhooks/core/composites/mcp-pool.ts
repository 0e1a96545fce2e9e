import { API } from '../mcpserver/api.ts';
import { toStored } from '../mcpserver/as-stored.ts';
import { isDnsLabel } from '../mcpserver/kubernetes-names.ts';
import { checkObjectMeta } from '../mcpserver/object-meta.ts';
import { EXPANDED_BY_LABEL, EXPANDED_FROM_LABEL } from '../mcpserver/names.ts';
import { isRecord, ownValue, type Fields } from '../mcpserver/record.ts';
import { describeValue } from '../mcpserver/schema.ts';
import { renderPath, type FieldPath } from '../mcpserver/violation.ts';
import type { Authored, CompositeKind, CompositeViolation, Expansion, ExpandedServer } from './composite-kind.ts';
import { judgeLimits } from './pool-limits.ts';
import { maxReplicasOf, type PoolMember } from './pool-member.ts';
import { judgeSize, maxPoolServers } from './pool-size.ts';
import { poolStatus } from './pool-status.ts';
import { listValue, textValue } from './read-fields.ts';
import { inOurWords } from './v2dy-server.ts';

const group = 'mcp.v2dy.io';
const apiVersion = `${group}/v1`;
const kind = 'MCPPool';

/** Longest name, in characters: it is the value of a label. */
const maxNameLength = 63;
/** Of fields that nobody knows so many are told. */
const maxUnknownFields = 100;

/** Related servers: what they have in common, what each has of its own, and what all of them may use. */
export const mcpPool: CompositeKind = {
  ...{ group, apiVersion, kind, plural: 'mcppools', singular: 'mcppool', feature: 'v2dy.pools' },
  isOrdered: true,
  saysUnowned: (name) =>
    `MCPServer ${name} exists and nobody owns it: set adopt: true beside its name in spec.servers to make it one of the pool, or choose another name`,
  servers: {
    ...{ apiVersion: API.apiVersion, kind: API.kind, plural: API.plural },
    summary: 'The servers of a pool.',
    requirement: 'required',
    wanted: 'sometimes',
    unavailable: { reason: 'MCPServerUnavailable', order: 0, eventAction: 'ReconcileMCPServer' },
  },
  expand,
  nextStatus: poolStatus,
};

function expand(object: unknown): Expansion {
  const spec = ownValue(object, 'spec');
  const template = ownValue(spec, 'template');
  const tooLarge = judgeSize(spec);
  if (tooLarge.length > 0)
    return { violations: [...judgeItself(object, spec), ...tooLarge], unknownFields: [], servers: [] };
  const members = readMembers(spec, template);
  const servers = members.map((member) => toServer(object, template, member));
  return {
    violations: [
      ...judgeItself(object, spec),
      ...judgeLabels(ownValue(spec, 'labels')),
      ...judgeMembers(members),
      ...judgeLimits(ownValue(spec, 'limits'), members),
      ...unknownFieldsOf(template, members),
    ],
    warnings: warnOfLabels(ownValue(spec, 'labels')),
    unknownFields: unknownIn(spec),
    servers,
  };
}

const specFields: ReadonlySet<string> = new Set(['template', 'servers', 'labels', 'limits']);

function unknownIn(spec: unknown): readonly FieldPath[] {
  if (!isRecord(spec)) return [];
  return Object.keys(spec)
    .filter((field) => !specFields.has(field))
    .map((field) => ['spec', field]);
}

function readMembers(spec: unknown, template: unknown): readonly PoolMember[] {
  return listValue(spec, 'servers')
    .slice(0, maxPoolServers)
    .map((server, index) => {
      const overrides = ownValue(server, 'overrides');
      const merged = merge(template, overrides);
      return {
        ...{ name: textValue(server, 'name') ?? '', index, overrides },
        spec: withReplicas(isRecord(merged) ? merged : {}),
        isAdopted: ownValue(server, 'adopt') === true,
      };
    });
}

/** As a JSON merge patch: maps field by field, lists and values as a whole, null takes away (RFC 7386). */
function merge(target: unknown, patch: unknown): unknown {
  if (patch === undefined) return withoutNulls(target);
  if (!isRecord(patch)) return patch;
  const before = isRecord(target) ? target : {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(patch)])];
  return Object.fromEntries(
    names
      .filter((name) => ownValue(patch, name) !== null)
      .map((name) => [name, merge(ownValue(before, name), ownValue(patch, name))] as const)
      .filter(([, value]) => value !== null && value !== undefined),
  );
}

function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const said = Object.entries(value).filter(([, inside]) => inside !== null);
  return Object.fromEntries(said.map(([name, inside]) => [name, withoutNulls(inside)]));
}

/**
 * The number of pods is the pool's, so that nobody else changes it for good; but for a server that autoscales, of which it says
 * none, whatever the template has for the others.
 */
function withReplicas(spec: Fields): Fields {
  const runtime = ownValue(spec, 'runtime') ?? {};
  if (!isRecord(runtime)) return spec;
  const { replicas, ...others } = runtime;
  if (maxReplicasOf(spec) === undefined)
    return replicas === undefined ? { ...spec, runtime: { ...runtime, replicas: 1 } } : spec;
  return replicas === undefined ? spec : { ...spec, runtime: others };
}

function toServer(object: unknown, template: unknown, member: PoolMember): ExpandedServer {
  const metadata = ownValue(object, 'metadata');
  const namespace = textValue(metadata, 'namespace');
  const common = ownValue(ownValue(object, 'spec'), 'labels');
  const labels = {
    ...(isRecord(common) ? common : {}),
    [EXPANDED_FROM_LABEL]: `${kind}.${group}`,
    [EXPANDED_BY_LABEL]: textValue(metadata, 'name') ?? '',
  };
  return {
    manifest: {
      apiVersion: API.apiVersion,
      kind: API.kind,
      metadata: { name: member.name, ...(namespace === undefined ? {} : { namespace }), labels },
      spec: member.spec,
    },
    authored: authoredBy(template, member),
    ...(member.isAdopted ? { isAdopted: true as const } : {}),
  };
}

/** A field is where the member says it, or in the template; one that nobody says, where what it is missing in was begun. */
function authoredBy(template: unknown, { index, overrides }: PoolMember): Authored {
  const member: FieldPath = ['spec', 'servers', index];
  const ofMember: FieldPath = [...member, 'overrides'];
  const ofTemplate: FieldPath = ['spec', 'template'];
  const isOfMember = (path: FieldPath): boolean =>
    path.length === 0 ? template === undefined && overrides !== undefined : isSaidBy(overrides, template, path);
  return {
    path([first, ...rest]) {
      if (first === 'metadata') return authoredMetadata(rest, member);
      if (first !== 'spec') return first === undefined ? [] : ['spec'];
      return [...(isOfMember(rest) ? ofMember : ofTemplate), ...rest];
    },
    // What is done about a finding of one member is done there: what stands in the template is that of all.
    text(text, about) {
      const isThere = about?.[0] === 'spec' && isOfMember(about.slice(1));
      return text.replaceAll(fieldOfSpec, (name) => {
        const [, ...path] = name.split('.');
        return `${renderPath(isThere || isOfMember(path) ? ofMember : ofTemplate)}.${path.join('.')}`;
      });
    },
  };
}

/** As sentences name it; what follows in brackets stays behind it. */
const fieldOfSpec = /\bspec(?:\.[A-Za-z][A-Za-z0-9]*)+/g;

/** Its labels are those of the pool, but for the one that has its name. */
function authoredMetadata([field, ...rest]: FieldPath, member: FieldPath): FieldPath {
  if (field === 'name') return [...member, 'name'];
  if (field === 'labels') return rest[0] === EXPANDED_BY_LABEL ? ['metadata', 'name'] : ['spec', 'labels', ...rest];
  return ['metadata', ...(field === undefined ? [] : [field, ...rest])];
}

/**
 * Whether a value on the way to the field, or there, replaces what the template says; where neither says the field, whether
 * the overrides say more of the way.
 */
function isSaidBy(overrides: unknown, template: unknown, path: FieldPath): boolean {
  const own = lengthSaid(overrides, path);
  return own === path.length || own > lengthSaid(template, path);
}

/** How many segments of the way there are: all of them where something without fields stands on it. */
function lengthSaid(fields: unknown, path: FieldPath): number {
  let value = fields;
  for (const [length, segment] of path.entries()) {
    if (value !== undefined && !isRecord(value)) return path.length;
    value = ownValue(value, segment);
    if (value === undefined) return length;
  }
  return path.length;
}

function judgeItself(object: unknown, spec: unknown): readonly CompositeViolation[] {
  const name = textValue(ownValue(object, 'metadata'), 'name') ?? '';
  const servers = listValue(spec, 'servers');
  return [
    ...(ownValue(object, 'apiVersion') === apiVersion ? [] : [unsupported(object, 'apiVersion', apiVersion)]),
    ...(ownValue(object, 'kind') === kind ? [] : [unsupported(object, 'kind', kind)]),
    ...(name.length <= maxNameLength
      ? []
      : [
          {
            ...{
              path: ['metadata', 'name'],
              reason: 'Invalid',
              headline: `must be at most ${maxNameLength} characters`,
            },
            ...{ detail: `found ${name.length}`, remedy: 'Choose a shorter name.' },
          },
        ]),
    ...(servers.length > 0 && servers.length <= maxPoolServers ? [] : [wrongNumber(ownValue(spec, 'servers'))]),
  ];
}

/** Of the labels of all servers, which no schema knows. */
function judgeLabels(labels: unknown): readonly CompositeViolation[] {
  return checkObjectMeta({ labels }).map(({ path, ...said }) => ({
    ...said,
    ...{ path: ['spec', ...path.slice(1)], reason: 'Invalid' },
  }));
}

/** Labels by which the servers of a pool are known have no other value. */
function warnOfLabels(labels: unknown): readonly CompositeViolation[] {
  const ours = [EXPANDED_FROM_LABEL, EXPANDED_BY_LABEL].filter((key) => ownValue(labels, key) !== undefined);
  return ours.map((key) => ({
    ...{ path: ['spec', 'labels', key], reason: 'Unused', headline: 'has no effect' },
    ...{ detail: 'mcp-lifecycle has that label say of which pool a server is', remedy: 'Remove it.' },
  }));
}

function unsupported(object: unknown, field: string, wanted: string): CompositeViolation {
  return {
    ...{ path: [field], reason: 'Invalid', headline: 'unsupported value' },
    detail: `found ${describeValue([field], ownValue(object, field))}, supported values: ${wanted}`,
    remedy: 'Use one of the supported values.',
  };
}

function wrongNumber(found: unknown): CompositeViolation {
  const path = ['spec', 'servers'];
  return {
    ...{ path, reason: 'Invalid', headline: `must be a list of 1 to ${maxPoolServers} items` },
    ...{ detail: `found ${describeValue(path, found)}`, remedy: 'List the servers of the pool.' },
  };
}

function judgeMembers(members: readonly PoolMember[]): readonly CompositeViolation[] {
  const seen = new Set<string>();
  return members.flatMap(({ name, index }) => {
    const path = ['spec', 'servers', index, 'name'];
    const isKnown = seen.has(name);
    seen.add(name);
    if (name === '') {
      const detail = 'found nothing';
      return [
        { path, server: index, reason: 'Invalid', headline: 'required value', detail, remedy: 'Name the server.' },
      ];
    }
    if (!isDnsLabel(name)) {
      const headline = 'must be lower case letters, digits and hyphens, 63 at most';
      const detail = `found ${describeValue(path, name)}`;
      const remedy = 'Choose a name that a Service can have.';
      return [{ path, server: index, reason: 'Invalid', headline, detail, remedy }];
    }
    if (!isKnown) return [];
    const remedy = 'Give each server of the pool a name of its own.';
    return [{ path, server: index, reason: 'Invalid', headline: 'duplicate value', detail: `found ${name}`, remedy }];
  });
}

/**
 * What the schema of a pool passes on unseen, and that of an MCPServer does not know: each where it was written, once,
 * however many servers have it.
 */
function unknownFieldsOf(template: unknown, members: readonly PoolMember[]): readonly CompositeViolation[] {
  const found: CompositeViolation[] = [];
  const written = [
    { fields: template, at: ['spec', 'template'], server: 0 },
    ...members.map(({ index, overrides }) => ({
      ...{ fields: overrides, at: ['spec', 'servers', index, 'overrides'], server: index },
    })),
  ];
  for (const { fields, at, server } of written) {
    if (found.length >= maxUnknownFields) break;
    const { unknownFields } = toStored({ spec: withoutNulls(fields) });
    for (const path of unknownFields.slice(0, maxUnknownFields - found.length)) {
      found.push({
        ...{ path: [...at, ...path.slice(1)], server, reason: 'Invalid', headline: 'unknown field' },
        detail: `an MCPServer of ${API.group} has no ${renderPath(path)}`,
        remedy: remedyFor(path),
      });
    }
  }
  return found;
}

/** Whoever writes a kind of this group tries the words of the other one first. */
function remedyFor(path: FieldPath): string {
  const [, field, ...rest] = path;
  const meant = rest.length === 0 ? inOurWords.get(field) : undefined;
  return meant === undefined
    ? 'Remove it, or correct its name or its place.'
    : `Write ${meant}: a pool has the fields of an MCPServer of ${API.group}.`;
}
