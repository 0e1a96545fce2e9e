import { API } from '../mcpserver/api.ts';
import { EXPANDED_FROM_LABEL } from '../mcpserver/names.ts';
import { isRecord, ownValue, type Fields } from '../mcpserver/record.ts';
import { describeValue } from '../mcpserver/schema.ts';
import { renderPath, type FieldPath } from '../mcpserver/violation.ts';
import { compact } from '../resources/compact.ts';
import type { Authored, CompositeKind, CompositeViolation, Expansion } from './composite-kind.ts';
import { mirrorServer } from './mirror-server.ts';
import { authoredBy, moveFields, type Move } from './moved-fields.ts';

/** By which a stdio server says what is started: a JSON array of texts, as `command` of a container. */
export const STDIO_COMMAND_ANNOTATION = 'mcp-lifecycle/stdio-command';

/** Where clients of that operator connect: its API has no field for it. */
const endpointPath = '/mcp';

/** Port of a stdio server that names none: it listens on none itself, and the first sample of that API has this one. */
export const stdioPort = 3000;

const inMetadata: readonly Move[] = ['name', 'generateName', 'namespace'].map((field) => ({
  from: ['metadata', field],
  to: ['metadata', field],
}));

/** All that an object of the kind says, but for its protocol. */
export const v2dyMoves: readonly Move[] = [
  { from: ['spec', 'image'], to: ['spec', 'source', 'containerImage', 'ref'] },
  { from: ['spec', 'port'], to: ['spec', 'config', 'port'] },
  { from: ['spec', 'env'], to: ['spec', 'config', 'env'] },
  { from: ['spec', 'replicas'], to: ['spec', 'runtime', 'replicas'] },
  { from: ['spec', 'resources'], to: ['spec', 'runtime', 'resources'] },
];

/** By the field of its spec, what ours calls it in that of an MCPServer. */
export const inOurWords: ReadonlyMap<unknown, string> = new Map([
  ...v2dyMoves.map(({ from, to }) => [from[1], renderPath(to.slice(1))] as const),
  ['protocol', 'extensions.stdio for stdio, and nothing for http'] as const,
]);

const moved = authoredBy([
  ...v2dyMoves,
  { from: ['metadata', 'annotations', STDIO_COMMAND_ANNOTATION], to: ['spec', 'extensions', 'stdio', 'command'] },
  { from: ['spec', 'protocol'], to: ['spec', 'extensions', 'stdio'], isEnd: true },
]);

/** Fields of its spec. */
const v2dyFields: ReadonlySet<string> = new Set([
  'protocol',
  ...v2dyMoves.flatMap(({ from: [, field] }) => (typeof field === 'string' ? field : [])),
]);

const group = 'mcp.v2dy.io';
const apiVersion = `${group}/v1`;
const kind = 'MCPServer';

/** What is to be done may be what the kind has no field for. */
const authored: Authored = {
  path: (path) => moved.path(path),
  text(text, about) {
    const said = moved.text(text);
    const isForeign = [...said.matchAll(/\bspec\.([A-Za-z]+)/g)].some(([, field = '']) => !v2dyFields.has(field));
    return about !== undefined && isForeign
      ? `${said} That is a field of ${API.group}: mcp-lifecycle convert writes such an MCPServer.`
      : said;
  },
};

/** The MCPServer of the v2dY operator (ADR-001): one of ours, of the same name. */
export const v2dyServer: CompositeKind = {
  ...{ group, apiVersion, kind, plural: 'mcpservers', singular: 'mcpserver', feature: 'v2dy' },
  servers: {
    ...{ apiVersion: API.apiVersion, kind: API.kind, plural: API.plural },
    summary: 'What the MCPServer of the other group becomes.',
    requirement: 'required',
    wanted: 'always',
    unavailable: { reason: 'MCPServerUnavailable', order: 0, eventAction: 'ReconcileMCPServer' },
  },
  saysUnowned: (name) =>
    `MCPServer ${name} exists and nobody owns it: delete this object where that one was made of it (mcp-lifecycle convert), or choose a different name`,
  expand,
  nextStatus: mirrorServer,
};

function expand(object: unknown): Expansion {
  const spec = ownValue(object, 'spec');
  const command = readCommand(object);
  const violations = [
    ...judgeType(object, spec),
    ...judgeProtocol(ownValue(spec, 'protocol')),
    ...(isStdio(spec) ? judgeStdio(command) : judgePort(spec)),
  ];
  const { metadata } = moveFields(object, inMetadata);
  const manifest = {
    apiVersion: API.apiVersion,
    kind: API.kind,
    metadata: { ...(isRecord(metadata) ? metadata : {}), labels: { [EXPANDED_FROM_LABEL]: `${kind}.${group}` } },
    spec: toSpec(object, isStdio(spec) ? command : undefined),
  };
  const warnings = isStdio(spec) || command.state === 'missing' ? [] : [unusedCommand];
  return { violations, warnings, unknownFields: unknownFieldsOf(spec), servers: [{ manifest, authored }] };
}

/**
 * Without what says nothing: what stands is compared with what was applied, field by field. One that lacks its port has that
 * of a stdio server, so that nobody says again what {@link judgePort} does.
 */
function toSpec(object: unknown, command: Command | undefined): Fields {
  const moved = compact(moveFields(object, v2dyMoves));
  const { source, config, ...rest } = isRecord(moved['spec']) ? moved['spec'] : {};
  const { containerImage = {} } = isRecord(source) ? source : {};
  return {
    source: { type: 'ContainerImage', containerImage },
    config: { port: stdioPort, ...(isRecord(config) ? config : {}), path: endpointPath },
    ...rest,
    ...(command?.state === 'given' ? { extensions: { stdio: { command: command.words } } } : {}),
  };
}

function isStdio(spec: unknown): boolean {
  return ownValue(spec, 'protocol') === 'stdio';
}

function judgeType(object: unknown, spec: unknown): readonly CompositeViolation[] {
  return [
    ...differs(ownValue(object, 'apiVersion'), apiVersion, ['apiVersion']),
    ...differs(ownValue(object, 'kind'), kind, ['kind']),
    ...(isRecord(spec)
      ? []
      : [
          {
            ...{ path: ['spec'], reason: 'Invalid', headline: 'must be of type object' },
            ...{ detail: `found ${describeValue(['spec'], spec)}`, remedy: 'Write fields with names.' },
          },
        ]),
  ];
}

function differs(found: unknown, wanted: string, path: FieldPath): readonly CompositeViolation[] {
  return found === wanted ? [] : [unsupported(found, [wanted], path)];
}

const protocols = ['http', 'stdio'] as const;

/** Absent: as the CRD says, `http`. */
function judgeProtocol(protocol: unknown): readonly CompositeViolation[] {
  const isKnown = protocol === undefined || protocols.some((known) => known === protocol);
  return isKnown ? [] : [unsupported(protocol, protocols, ['spec', 'protocol'])];
}

/** Whoever forgets both the port and the protocol may have meant a stdio server. */
function judgePort(spec: unknown): readonly CompositeViolation[] {
  if (!isRecord(spec) || (spec['port'] ?? undefined) !== undefined) return [];
  return [
    {
      ...{ path: ['spec', 'port'], reason: 'Invalid', headline: 'required value' },
      detail: 'found nothing, and a server that speaks HTTP has to have one',
      remedy: 'Set it; or spec.protocol to stdio, which is http where it is left out.',
    },
  ];
}

function unsupported(found: unknown, supported: readonly string[], path: FieldPath): CompositeViolation {
  return {
    ...{ path, reason: 'Invalid', headline: 'unsupported value' },
    detail: `found ${describeValue(path, found)}, supported values: ${supported.join(', ')}`,
    remedy: 'Use one of the supported values.',
  };
}

type Command =
  { readonly state: 'missing' | 'unusable' } | { readonly state: 'given'; readonly words: readonly string[] };

function readCommand(object: unknown): Command {
  const text = ownValue(ownValue(ownValue(object, 'metadata'), 'annotations'), STDIO_COMMAND_ANNOTATION);
  if (typeof text !== 'string') return { state: 'missing' };
  const words = parse(text);
  const isCommand = Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string');
  return isCommand ? { state: 'given', words } : { state: 'unusable' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const resolve = 'mcp-lifecycle stdio resolve IMAGE prints what an image starts';
const example = `["/usr/local/bin/server", "--stdio"]`;

function judgeStdio({ state }: Command): readonly CompositeViolation[] {
  const path = ['metadata', 'annotations', STDIO_COMMAND_ANNOTATION];
  switch (state) {
    case 'given':
      return [];
    case 'missing':
      return [
        {
          path: ['spec', 'protocol'],
          reason: 'StdioCommandRequired',
          headline: 'a stdio server needs its command',
          detail: `found "stdio" without the annotation ${STDIO_COMMAND_ANNOTATION}`,
          remedy: `Set the annotation ${STDIO_COMMAND_ANNOTATION} to the command as a JSON array, such as ${example}; ${resolve}.`,
        },
      ];
    case 'unusable':
      return [
        {
          ...{ path, reason: 'StdioCommandRequired', headline: 'is no command' },
          detail: 'found a text that is no JSON array of texts (not shown)',
          remedy: `Write the command as a JSON array, such as ${example}; ${resolve}.`,
        },
      ];
  }
}

const unusedCommand: CompositeViolation = {
  path: ['metadata', 'annotations', STDIO_COMMAND_ANNOTATION],
  reason: 'Unused',
  headline: 'has no effect without spec.protocol: stdio',
  detail: 'found the command of a stdio server in one that speaks HTTP',
  remedy: 'Set spec.protocol to stdio, or remove the annotation.',
};

function unknownFieldsOf(spec: unknown): readonly FieldPath[] {
  if (!isRecord(spec)) return [];
  return Object.keys(spec)
    .filter((field) => !v2dyFields.has(field))
    .map((field) => ['spec', field]);
}
