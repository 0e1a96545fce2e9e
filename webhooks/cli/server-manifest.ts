import { inAuthoredWords } from '../core/composites/authored-finding.ts';
import { compositeKindOf } from '../core/composites/composite-kinds.ts';
import type { Authored, CompositeKind, CompositeViolation, ExpandedServer } from '../core/composites/composite-kind.ts';
import type { Finding } from '../core/engine/finding.ts';
import { toSchemaFinding } from '../core/engine/schema-finding.ts';
import { checkObjectMeta } from '../core/mcpserver/object-meta.ts';
import { API } from '../core/mcpserver/api.ts';
import { isRecord, ownValue } from '../core/mcpserver/record.ts';
import { renderPath, type FieldPath } from '../core/mcpserver/violation.ts';
import type { Manifest } from '../platform/manifests/manifest.ts';
import { judgeOwnSchema } from './composite-schema.ts';
import { identityOf, isMeantAsMCPServer } from './identity.ts';
import { findUnknownFields, type JudgedServer } from './judge-manifest.ts';
import { remedyIn } from './unknown-field.ts';
import type { FieldValidation } from './validate-option.ts';

/** One MCPServer of the input: a document of its own, or what an object of a kind above becomes. */
export interface ServerManifest extends Manifest {
  readonly composed?: Composed;
}

/** What an MCPServer was expanded from. `value` and `locate` of the manifest are of the MCPServer. */
interface Composed {
  /** That object: the same for each of its servers. */
  readonly whole: object;
  /** Kind and name of that object; undefined where it becomes none: then only what it says itself is judged. */
  readonly origin: string | undefined;
  /** An MCPServer of that name is taken over, as it asks for. */
  readonly isAdopted: boolean;
  /** How it is, where it does not. */
  readonly adoption: string | undefined;
  readonly authored: Authored;
  readonly violations: readonly CompositeViolation[];
  readonly warnings: readonly CompositeViolation[];
  readonly unknownFields: readonly FieldPath[];
  /** What is to be done about one of them. */
  readonly remedyFor: (path: FieldPath) => string;
  readonly metadata: unknown;
  readonly locate: Manifest['locate'];
}

/** The MCPServers that a document is, or becomes; none where it is something else. */
export function serverManifestsOf(manifest: Manifest): readonly ServerManifest[] {
  if (isMeantAsMCPServer(manifest.value)) return [manifest];
  const of = compositeKindOf(manifest.value);
  return of === undefined ? [] : composedOf(of, manifest);
}

function composedOf(of: CompositeKind, manifest: Manifest): readonly ServerManifest[] {
  const expansion = of.expand(manifest.value);
  const { warnings = [], servers } = expansion;
  const { violations, unknownFields } = judgeOwnSchema(of, manifest.value, expansion);
  const isEmpty = servers.length === 0;
  return (isEmpty ? [emptyServer(manifest)] : servers).map(
    ({ manifest: value, authored, isAdopted = false }, index) => ({
      ...manifest,
      value,
      locate: (path) => manifest.locate(authored.path(path)),
      composed: {
        ...{ authored, isAdopted, adoption: of.saysUnowned?.(identityOf(value, '').name), locate: manifest.locate },
        whole: manifest,
        origin: isEmpty ? undefined : originOf(of, manifest.value),
        // Said once, whatever it becomes: of the server that it is about, or else of the first.
        violations: violations.filter(({ server = 0 }) => (server < servers.length ? server : 0) === index),
        remedyFor: (path) => remedyIn(of, path),
        ...(index === 0
          ? { warnings, unknownFields, metadata: ownValue(manifest.value, 'metadata') }
          : { warnings: [], unknownFields: [], metadata: undefined }),
      },
    }),
  );
}

function originOf({ kind, group }: CompositeKind, value: unknown): string {
  return `${kind}.${group} ${String(ownValue(ownValue(value, 'metadata'), 'name'))}`;
}

/** Of an object that becomes none, and is not passed by for that. */
function emptyServer({ value }: Manifest): ExpandedServer {
  const path: FieldPath = ['spec'];
  const metadata = ownValue(value, 'metadata');
  const manifest = { apiVersion: API.apiVersion, kind: API.kind, metadata: isRecord(metadata) ? metadata : {} };
  return {
    manifest,
    authored: { path: ([first]) => (first === 'metadata' ? ['metadata'] : path), text: (text) => text },
  };
}

/** What was found in the MCPServer, and in what it was expanded from. */
export interface WholeJudgement extends JudgedServer {
  /** Those whose paths lead into what the author wrote, and not into the MCPServer. */
  readonly own: ReadonlySet<Finding>;
}

/** What is said of unknown fields of the MCPServer itself: those of what it was expanded from are told there. */
export function validationOf({ composed }: ServerManifest, validate: FieldValidation): FieldValidation {
  return composed === undefined ? validate : 'ignore';
}

export function addOwnFindings(
  judged: JudgedServer,
  { composed }: ServerManifest,
  validate: FieldValidation,
): WholeJudgement {
  if (composed === undefined) return { ...judged, own: none };
  const ofRequest = [
    ...findUnknownFields(composed.unknownFields, validate, composed.remedyFor),
    ...checkObjectMeta(composed.metadata)
      .filter(({ path }) => isOfAuthorAlone(path, composed))
      .map((one) => toSchemaFinding(one, 'deny')),
  ];
  const own = [
    ...ofRequest,
    ...composed.violations.map((one) => toSchemaFinding(one, 'deny')),
    ...composed.warnings.map((one) => toSchemaFinding(one, 'warn')),
  ];
  const isOfServer = ({ path: [first, field] }: Finding): boolean =>
    composed.origin !== undefined && !(first === 'metadata' && field === 'labels');
  return {
    ...judged,
    ofRequest: [...judged.ofRequest.filter(isOfServer), ...ofRequest],
    findings: [...judged.findings.filter(isOfServer), ...own],
    own: new Set(own),
  };
}

const none: ReadonlySet<Finding> = new Set();

/** A name that is that of the MCPServer as well is told of that one. Its labels are ours, or judged where they were written. */
function isOfAuthorAlone(path: FieldPath, { origin, authored }: Composed): boolean {
  const isName = ['name', 'generateName', 'namespace'].some((field) => field === path[1]);
  return !isName || origin === undefined || renderPath(authored.path(path)) !== renderPath(path);
}

/** The finding as it is told: with the places and the names of fields that its author knows. */
export function toAuthored(finding: Finding, { composed }: ServerManifest, own: ReadonlySet<Finding>): Finding {
  return composed === undefined || own.has(finding) ? finding : inAuthoredWords(finding, composed.authored);
}
