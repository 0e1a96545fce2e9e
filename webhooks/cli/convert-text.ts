import { isDeepStrictEqual } from 'node:util';
import { STDIO_COMMAND_ANNOTATION, stdioPort, v2dyMoves, v2dyServer } from '../core/composites/v2dy-server.ts';
import { compositeKindOf } from '../core/composites/composite-kinds.ts';
import { mcpPool } from '../core/composites/mcp-pool.ts';
import { renderLine } from '../core/engine/render.ts';
import { toSchemaFinding } from '../core/engine/schema-finding.ts';
import type { ExpandedServer } from '../core/composites/composite-kind.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { API } from '../core/mcpserver/api.ts';
import { isRecord, ownValue, type Fields } from '../core/mcpserver/record.ts';
import { checkSchema } from '../core/mcpserver/schema.ts';
import type { FieldPath, Violation } from '../core/mcpserver/violation.ts';
import { compact } from '../core/resources/compact.ts';
import type { InputProblem, Manifest, Position } from '../platform/manifests/manifest.ts';
import { parseManifests } from '../platform/manifests/parse-manifests.ts';
import type { InputText } from '../platform/manifests/read-texts.ts';
import { rewriteSpecs, type AddedField, type SpecRewriting } from '../platform/manifests/rewrite-spec.ts';
import { splitDocuments } from '../platform/manifests/split-documents.ts';
import { completeMetadata } from './judge-manifest.ts';

/** What became of one field. */
export type FieldChange =
  | { readonly type: 'moved'; readonly from: FieldPath; readonly path: FieldPath }
  | { readonly type: 'added'; readonly path: FieldPath; readonly value: string }
  /** `why`: a clause. */
  | { readonly type: 'removed'; readonly path: FieldPath; readonly why: string };

export interface ConvertedObject extends Position {
  readonly file: string;
  readonly namespace: string;
  readonly name: string;
  readonly changes: readonly FieldChange[];
}

export interface ConvertedText {
  /** Everything that is no object to be converted is as it was. */
  readonly text: string;
  readonly objects: readonly ConvertedObject[];
  /** Objects that stay as they were. */
  readonly refused: readonly InputProblem[];
  /** What is no manifest; it stays as it was, too. */
  readonly unread: readonly InputProblem[];
  /** What is of the group and needs no conversion. */
  readonly others: readonly InputProblem[];
}

/** A file with each MCPServer of mcp.v2dy.io as one of ours. */
export function convertText({ file, text, place = asItIs }: InputText): ConvertedText {
  const { documents } = splitDocuments(text);
  const done = documents.map((document) => {
    const lineOffset = text.slice(0, document.start).split('\n').length - 1;
    const inFile = (position: Position): Position =>
      place({ line: position.line + lineOffset, column: position.column });
    return convertDocumentText({ file, text: document.text, place: inFile });
  });
  return {
    text: done.map((one) => one.text).join('---\n'),
    objects: done.flatMap(({ objects }) => objects),
    refused: done.flatMap(({ refused }) => refused),
    unread: done.flatMap(({ unread }) => unread),
    others: done.flatMap(({ others }) => others),
  };
}

function asItIs(position: Position): Position {
  return position;
}

type DocumentInput = Required<InputText>;

function convertDocumentText({ file, text, place }: DocumentInput): ConvertedText {
  const { manifests, problems } = parseManifests(file, text);
  const unread = problems.map(({ line = 1, column = 1, ...problem }) => ({ ...problem, ...place({ line, column }) }));
  const found = manifests
    .map((manifest, index) => ({ manifest, index }))
    .filter(({ manifest }) => isConverted(manifest));
  const others = manifests
    .filter(({ value }) => compositeKindOf(value) === mcpPool)
    .map((manifest) => ({ file, ...place(manifest.locate([])), message: aPool }));
  if (found.length === 0) return { text, objects: [], refused: [], unread, others };
  const planned = found.map(({ manifest, index }) => ({ manifest, index, plan: planConversion(manifest.value) }));
  const refused = planned.flatMap(({ manifest, plan }) =>
    plan.type === 'refused'
      ? plan.because.map((one) => ({
          ...{ file, ...place(manifest.locate(one.path)) },
          message: renderLine(toSchemaFinding(one, 'deny')),
        }))
      : [],
  );
  const conversions = planned.flatMap(({ manifest, index, plan }) =>
    plan.type === 'planned' ? [{ manifest, index, plan }] : [],
  );
  if (conversions.length === 0) return { text, objects: [], refused, unread, others };
  const rewritten = rewriteSpecs(
    text,
    conversions.map(({ index, plan }) => ({ ...plan.rewriting, index })),
  );
  const after = rewritten === undefined ? [] : parseManifests(file, rewritten).manifests;
  const isAsMeant = conversions.every(({ index, plan }) => saysTheSame(after[index]?.value, plan.expected));
  if (rewritten === undefined || !isAsMeant || after.length !== manifests.length) {
    const [first] = conversions;
    const message =
      'it is written in a way that cannot be rewritten by a program (aliases, merge keys or tags): write it out first';
    const unwritten = first === undefined ? [] : [{ file, ...place(first.manifest.locate([])), message }];
    return { text, objects: [], refused: [...refused, ...unwritten], unread, others };
  }
  const objects = conversions.map(({ manifest, plan }) => ({
    ...{ file, ...place(manifest.locate([])), ...identityOf(manifest.value), changes: plan.changes },
  }));
  return { text: rewritten, objects, refused, unread, others };
}

const aPool =
  'an MCPPool is left as it is: that operator never published one, and this kind is ours; mcp-lifecycle render prints the MCPServers that it becomes';

function isConverted({ value }: Manifest): boolean {
  return compositeKindOf(value) === v2dyServer;
}

type Conversion =
  | {
      readonly type: 'planned';
      readonly rewriting: Omit<SpecRewriting, 'index'>;
      readonly changes: readonly FieldChange[];
      /** The object as it has to read afterwards. */
      readonly expected: Fields;
    }
  | { readonly type: 'refused'; readonly because: readonly Violation[] };

function planConversion(value: unknown): Conversion {
  const { violations, unknownFields, servers } = v2dyServer.expand(value);
  const [server] = servers;
  const written = ownValue(value, 'spec');
  if (violations.length > 0 || server === undefined || !isRecord(value)) {
    return { type: 'refused', because: violations };
  }
  const wrong = findWrong(server);
  if (wrong.length > 0) return { type: 'refused', because: wrong };
  const spec = isRecord(server.manifest['spec']) ? server.manifest['spec'] : {};
  const moved = v2dyMoves.filter(({ from: [, field = ''] }) => ownValue(written, field) !== undefined);
  const added = addedFields(written);
  const command = commandOf(spec);
  return {
    type: 'planned',
    rewriting: {
      apiVersion: API.apiVersion,
      placeOf: (field) => moved.find(({ from }) => from[1] === field)?.to.slice(1),
      added: [...added, ...command],
      withoutAnnotations: command.length === 0 ? [] : [STDIO_COMMAND_ANNOTATION],
    },
    changes: [
      ...moved.map(({ from, to }) => ({ type: 'moved' as const, from, path: to })),
      ...added.map(({ path, value: set }) => ({
        type: 'added' as const,
        path: ['spec', ...path],
        value: String(set),
      })),
      ...command.map(() => movedCommand),
      ...(ownValue(written, 'protocol') === undefined ? [] : [removedProtocol(command.length > 0)]),
      ...(ownValue(value, 'status') === undefined ? [] : [removedStatus]),
      ...unknownFields.map((path) => ({ type: 'removed' as const, path, why: 'that API has no such field' })),
    ],
    expected: { ...value, apiVersion: API.apiVersion, spec },
  };
}

/** Why it would be no MCPServer, whatever the rules say of it, at the places of what was written. */
function findWrong({ manifest, authored }: ExpandedServer): readonly Violation[] {
  const checked = checkSchema(toStored(completeMetadata(manifest, '')).object);
  const violations = checked.ok ? [] : checked.violations;
  return violations.map((one) => ({ ...one, path: authored.path(one.path) }));
}

function isWithoutPort(written: unknown): boolean {
  return ownValue(written, 'port') === undefined;
}

/** What every MCPServer has to say, and these do not. */
function addedFields(written: unknown): readonly AddedField[] {
  return [
    { path: ['source', 'type'], value: 'ContainerImage' },
    ...(isWithoutPort(written) ? [{ path: ['config', 'port'], value: stdioPort }] : []),
  ];
}

const movedCommand: FieldChange = {
  type: 'moved',
  from: ['metadata', 'annotations', STDIO_COMMAND_ANNOTATION],
  path: ['spec', 'extensions', 'stdio', 'command'],
};

function removedProtocol(isStdio: boolean): FieldChange {
  const why = isStdio
    ? 'spec.extensions.stdio says it of an MCPServer'
    : 'an MCPServer speaks HTTP unless spec.extensions.stdio is set';
  return { type: 'removed', path: ['spec', 'protocol'], why };
}

const removedStatus: FieldChange = { type: 'removed', path: ['status'], why: 'the cluster writes it' };

/** None of a server that speaks HTTP. */
function commandOf(spec: Fields): readonly AddedField[] {
  const command = ownValue(ownValue(ownValue(spec, 'extensions'), 'stdio'), 'command');
  return Array.isArray(command) ? [{ path: ['extensions', 'stdio', 'command'], value: command.map(String) }] : [];
}

/** But for the path, which is the default, and what is empty and says nothing. */
function saysTheSame(value: unknown, expected: Fields): boolean {
  return isRecord(value) && isDeepStrictEqual(comparable(value), comparable(expected));
}

function comparable({ apiVersion, kind, metadata, spec }: Fields): unknown {
  const { config, ...rest } = isRecord(spec) ? spec : {};
  const said = without(config, 'path');
  const { annotations, ...others } = isRecord(metadata) ? metadata : {};
  const kept = without(annotations, STDIO_COMMAND_ANNOTATION);
  return compact({ apiVersion, kind, metadata: { ...others, annotations: kept }, spec: { ...rest, config: said } });
}

function without(fields: unknown, name: string): Fields {
  return Object.fromEntries(Object.entries(isRecord(fields) ? fields : {}).filter(([key]) => key !== name));
}

function identityOf(value: unknown): { readonly namespace: string; readonly name: string } {
  const metadata = ownValue(value, 'metadata');
  const textOf = (field: string): string => {
    const found = ownValue(metadata, field);
    return typeof found === 'string' ? found : '';
  };
  return { namespace: textOf('namespace'), name: textOf('name') };
}
