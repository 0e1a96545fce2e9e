import type { ReferenceFacts } from '../core/engine/facts.ts';
import type { Finding } from '../core/engine/finding.ts';
import { judge, prepare, type Verdict } from '../core/engine/judge.ts';
import type { ApiStates } from '../core/engine/installation.ts';
import type { LabelsOf, Policy } from '../core/engine/policy.ts';
import { toSchemaFinding } from '../core/engine/schema-finding.ts';
import { shortenMiddle } from '../core/engine/text.ts';
import { toStored } from '../core/mcpserver/as-stored.ts';
import { findDuplicateItems } from '../core/mcpserver/list-keys.ts';
import { checkObjectMeta } from '../core/mcpserver/object-meta.ts';
import { deprecationWarnings } from '../core/mcpserver/structure.gen.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../core/mcpserver/violation.ts';
import type { CrdRules } from './crd-rules.ts';
import { isRecord } from '../core/mcpserver/record.ts';
import { remedyInOurs } from './unknown-field.ts';
import type { FieldValidation } from './validate-option.ts';

export interface ManifestContext {
  readonly policy: Policy;
  /** RFC 3339. */
  readonly now: string;
  readonly crdRules: CrdRules;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly validate: FieldValidation;
  /** The facts as the servers of one namespace see them. */
  readonly factsIn: (namespace: string) => ReferenceFacts;
  /** Absent where nobody knows labels of namespaces. */
  readonly labelsOf?: LabelsOf | undefined;
  /** Of the optional kinds; absent where nobody knows them. */
  readonly apis?: ApiStates | undefined;
}

export interface JudgedServer {
  /** In no particular order. */
  readonly findings: readonly Finding[];
  /** Those among them that are said of every request anew, whatever is stored already. */
  readonly ofRequest: readonly Finding[];
  /** By the webhook; what the paths of findings lead into is its object. */
  readonly verdict: Verdict;
  /** With every default, as it would be stored; absent when it is no MCPServer. */
  readonly server?: MCPServer;
}

/**
 * What the API server and then the webhook would say about a manifest that is created, all at once: the API server
 * keeps the webhook's findings back until its own are gone.
 */
export function judgeManifest(raw: unknown, context: ManifestContext): JudgedServer {
  const { policy, now, crdRules, namespace, validate, factsIn, labelsOf, apis } = context;
  const { object, unknownFields } = toStored(completeMetadata(raw, namespace));
  const prepared = prepare(object, policy.compatibility);
  const ofRequest = [
    ...findUnknownFields(unknownFields, validate, remedyInOurs),
    ...checkObjectMeta(metadataOf(object)).map(toDenial),
  ];
  const ofApiServer = [...findDeprecation(object), ...ofRequest, ...findDuplicateItems(object).map(toDenial)];
  if (!prepared.parsed) return { findings: [...ofApiServer, ...prepared.findings], ofRequest, verdict: prepared };
  const { server } = prepared;
  const facts = factsIn(server.metadata.namespace ?? namespace);
  const verdict = judge(prepared, { policy, facts, labelsOf, now, apis });
  return {
    server,
    verdict,
    ofRequest,
    findings: [...ofApiServer, ...crdRules.check(server).map(toDenial), ...verdict.findings.filter(isAboutServer)],
  };
}

/** What is not in the input is listed once for all servers, and is nobody's failure. */
function isAboutServer({ isUnchecked }: Finding): boolean {
  return isUnchecked !== true;
}

/** Five characters, as the API server appends; it cuts the prefix to 58. */
const generatedSuffix = 'xxxxx';
const maxGenerateName = 58;

/** The namespace that kubectl would add, and a name for a server that gets its name when it is created. */
export function completeMetadata(raw: unknown, namespace: string): unknown {
  const metadata = metadataOf(raw);
  if (!isRecord(raw) || !isRecord(metadata)) return raw;
  const { name, generateName } = metadata;
  const isGenerated = (name ?? '') === '' && typeof generateName === 'string' && generateName !== '';
  const ownNamespace = metadata['namespace'] ?? '';
  return {
    ...raw,
    metadata: {
      ...metadata,
      ...(isGenerated ? { name: `${generateName.slice(0, maxGenerateName)}${generatedSuffix}` } : {}),
      namespace: ownNamespace === '' ? namespace : ownNamespace,
    },
  };
}

/** The API server's own warning about the version of the manifest. */
function findDeprecation(object: unknown): readonly Finding[] {
  const apiVersion = isRecord(object) ? object['apiVersion'] : undefined;
  if (typeof apiVersion !== 'string' || !Object.hasOwn(deprecationWarnings, apiVersion)) return [];
  const headline = deprecationWarnings[apiVersion] ?? '';
  const violation = { path: ['apiVersion'], headline, detail: `found ${apiVersion}`, remedy: 'Change apiVersion.' };
  return [toSchemaFinding(violation, 'warn')];
}

/** What the API server drops, as it says so. */
export function findUnknownFields(
  paths: readonly FieldPath[],
  validate: FieldValidation,
  remedyFor: (path: FieldPath) => string,
): readonly Finding[] {
  return paths.flatMap((path) => toUnknownField[validate](path, remedyFor(path)));
}

/** In the words that kubectl prints: of the API server's refusal, or of its warning. */
const toUnknownField = {
  strict: (path: FieldPath, remedy: string): Finding[] => {
    const headline = `strict decoding error: unknown field "${fieldOf(path)}"`;
    const detail = 'the API server drops it, so kubectl refuses it unless --validate says otherwise';
    return [toSchemaFinding({ path, headline, detail, remedy }, 'deny')];
  },
  warn: (path: FieldPath, remedy: string): Finding[] => {
    const headline = `unknown field "${fieldOf(path)}"`;
    return [toSchemaFinding({ path, headline, detail: 'the API server drops it', remedy }, 'warn')];
  },
  ignore: (): Finding[] => [],
} as const satisfies Record<FieldValidation, (path: FieldPath, remedy: string) => Finding[]>;

/** As the API server writes it, which has no brackets but for items of lists. */
function fieldOf(path: FieldPath): string {
  const text = path.map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${segment}`)).join('');
  return shortenMiddle(text.slice(1), maxFieldLength);
}

/** Longest place in a headline, in characters; the finding has the place, too. */
const maxFieldLength = 120;

function toDenial(violation: Violation): Finding {
  return toSchemaFinding(violation, 'deny');
}

function metadataOf(object: unknown): unknown {
  return isRecord(object) ? object['metadata'] : undefined;
}
