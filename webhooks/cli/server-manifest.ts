import { inAuthoredWords } from '../core/composites/authored-finding.ts';
import { compositeKindOf } from '../core/composites/composite-kinds.ts';
import type {
  Authored,
  CompositeKind,
  CompositeViolation,
  ExpandedServer,
  Expansion,
} from '../core/composites/composite-kind.ts';
import type { Finding } from '../core/engine/finding.ts';
import { toSchemaFinding } from '../core/engine/schema-finding.ts';
import { checkObjectMeta } from '../core/mcpserver/object-meta.ts';
import { API } from '../core/mcpserver/api.ts';
import { isRecord, ownValue } from '../core/mcpserver/record.ts';
import type { FieldPath } from '../core/mcpserver/violation.ts';
import type { Manifest } from '../platform/manifests/manifest.ts';
import { isMeantAsMCPServer } from './identity.ts';
import { findUnknownFields, type JudgedServer } from './judge-manifest.ts';
import type { FieldValidation } from './validate-option.ts';

/** One MCPServer of the input: a document of its own, or what an object of a kind above becomes. */
export interface ServerManifest extends Manifest {
  readonly composed?: Composed;
}

/** What an MCPServer was expanded from. `value` and `locate` of the manifest are of the MCPServer. */
interface Composed {
  /** Kind and name of that object; undefined where it becomes none. */
  readonly origin: string | undefined;
  readonly authored: Authored;
  readonly violations: readonly CompositeViolation[];
  readonly warnings: readonly CompositeViolation[];
  readonly unknownFields: readonly FieldPath[];
  /** Fields that an MCPServer does not have are among the violations. */
  readonly judgesFields: boolean;
  readonly metadata: unknown;
  readonly locate: Manifest['locate'];
}

/** The MCPServers that a document is, or becomes; none where it is something else. */
export function serverManifestsOf(manifest: Manifest): readonly ServerManifest[] {
  if (isMeantAsMCPServer(manifest.value)) return [manifest];
  const of = compositeKindOf(manifest.value);
  const expansion: Expansion = of?.expand(manifest.value) ?? nothing;
  const { violations, warnings = [], unknownFields, servers } = expansion;
  return (servers.length === 0 && violations.length > 0 ? [emptyServer(manifest)] : servers).map(
    ({ manifest: value, authored }, index) => ({
      ...manifest,
      value,
      locate: (path) => manifest.locate(authored.path(path)),
      composed: {
        authored,
        // Said once, whatever it becomes: of the server that it is about, or else of the first.
        violations: violations.filter(({ server = 0 }) => (server < servers.length ? server : 0) === index),
        ...(index === 0 ? { warnings, unknownFields } : { warnings: [], unknownFields: [] }),
        judgesFields: of?.judgesFields === true,
        origin: of === undefined || servers.length === 0 ? undefined : originOf(of, manifest.value),
        metadata: ownValue(manifest.value, 'metadata'),
        locate: manifest.locate,
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

const nothing = { violations: [], unknownFields: [], servers: [] };

/** What was found in the MCPServer, and in what it was expanded from. */
export interface WholeJudgement extends JudgedServer {
  /** Those whose paths lead into what the author wrote, and not into the MCPServer. */
  readonly own: ReadonlySet<Finding>;
}

/** What is said of unknown fields of the MCPServer itself. */
export function validationOf({ composed }: ServerManifest, validate: FieldValidation): FieldValidation {
  return composed?.judgesFields === true ? 'ignore' : validate;
}

export function addOwnFindings(
  judged: JudgedServer,
  { composed }: ServerManifest,
  validate: FieldValidation,
): WholeJudgement {
  if (composed === undefined) return { ...judged, own: none };
  const ofRequest = [
    ...findUnknownFields(composed.unknownFields, validate),
    ...checkObjectMeta(composed.metadata)
      .filter(isOfAuthorAlone)
      .map((one) => toSchemaFinding(one, 'deny')),
  ];
  const own = [
    ...ofRequest,
    ...composed.violations.map((one) => toSchemaFinding(one, 'deny')),
    ...composed.warnings.map((one) => toSchemaFinding(one, 'warn')),
  ];
  return {
    ...judged,
    ofRequest: [...judged.ofRequest, ...ofRequest],
    findings: [...judged.findings, ...own],
    own: new Set(own),
  };
}

const none: ReadonlySet<Finding> = new Set();

/** Names are those of the MCPServer as well, which says so itself. */
function isOfAuthorAlone({ path: [, field] }: { readonly path: FieldPath }): boolean {
  return field !== 'name' && field !== 'generateName' && field !== 'namespace';
}

/** The finding as it is told: with the places and the names of fields that its author knows. */
export function toAuthored(finding: Finding, { composed }: ServerManifest, own: ReadonlySet<Finding>): Finding {
  return composed === undefined || own.has(finding) ? finding : inAuthoredWords(finding, composed.authored);
}
