import { API } from '../core/mcpserver/api.ts';
import type { CompatibilityProfile } from '../core/mcpserver/compatibility.ts';
import type { Clock } from '../platform/clock.ts';
import { objectPath, type ApiError, type ApiResult, type KubeApi } from '../platform/kube/api.ts';
import { recordAt } from '../platform/kube/object.ts';
import type { Logger } from '../platform/log.ts';

export interface AwaitAdmissionOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Where the dry runs pretend to create MCPServers: one that the webhooks serve. */
  readonly namespace: string;
  /** Under the profile `reference` the mutating webhook has nothing to add, so that nobody can see whether it was called. */
  readonly compatibility: CompatibilityProfile;
}

/** Longest wait, in milliseconds; below the activeDeadlineSeconds of the chart's hook Job. */
const timeoutMs = 120_000;
const periodMs = 250;
/** So many good answers in a row: there can be several API servers, and each learns of the webhooks by itself. */
const wanted = 3;

/**
 * The API server takes a name with a dot for this kind, and the rule `name-usable` refuses it: who is refused for that
 * field was refused by our validating webhook.
 */
const refused = { name: 'mcp-lifecycle.probe', field: 'metadata.name' } as const;
const accepted = { name: 'mcp-lifecycle-probe' } as const;

/**
 * Returns when API servers call both webhooks: a ready pod is not enough, because webhook configurations and the
 * addresses of the Service arrive a moment later. It asks by server dry runs, which store nothing. Throws with the last
 * answer when that does not happen in time.
 */
export async function awaitAdmission(options: AwaitAdmissionOptions): Promise<void> {
  const { clock, log, signal } = options;
  const deadline = clock.monotonicMs() + timeoutMs;
  let inARow = 0;
  for (;;) {
    const missing = await findMissing(options);
    inARow = missing === undefined ? inARow + 1 : 0;
    if (inARow >= wanted) break;
    if (missing !== undefined) log.info('admission does not answer yet', { why: missing });
    if (signal.aborted || clock.monotonicMs() > deadline) {
      throw new Error(`admission did not answer within ${timeoutMs / 1000} s: ${missing ?? 'interrupted'}`);
    }
    await clock.sleep(periodMs, signal);
  }
  log.info('admission answers');
}

/** What is still missing, or undefined. */
async function findMissing({ api, namespace, compatibility }: AwaitAdmissionOptions): Promise<string | undefined> {
  const refusal = await dryRun(api, namespace, refused.name);
  if (refusal.ok) return 'a server that must be refused was admitted: the validating webhook was not called';
  if (!isForName(refusal.error)) return refusal.error.message;
  const admission = await dryRun(api, namespace, accepted.name);
  const isMutated = compatibility === 'reference' || (admission.ok && hasDefaults(admission.body));
  if (admission.ok) return isMutated ? undefined : 'the mutating webhook was not called';
  // Refused by a stricter policy is an answer too; the same pods and the same Service serve defaults.
  return admission.error.status === 422 ? undefined : admission.error.message;
}

function isForName({ status, fields = [] }: ApiError): boolean {
  return status === 422 && fields.includes(refused.field);
}

function dryRun(api: KubeApi, namespace: string, name: string): Promise<ApiResult> {
  const { apiVersion, kind, plural } = API;
  return api.request({
    method: 'POST',
    path: objectPath({ apiVersion, plural, namespace }),
    query: { dryRun: 'All' },
    body: {
      apiVersion,
      kind,
      metadata: { name, namespace },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: 'example.com/probe:1.0.0' } },
        config: { port: 8080 },
      },
    },
  });
}

/** The schema sets no security context; only our defaults do. */
function hasDefaults(server: unknown): boolean {
  const runtime = recordAt(recordAt(server, 'spec'), 'runtime');
  return recordAt(recordAt(runtime, 'security'), 'securityContext') !== undefined;
}
