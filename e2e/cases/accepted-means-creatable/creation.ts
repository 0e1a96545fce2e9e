import { setTimeout as sleep } from 'node:timers/promises';
import { judgeManifest } from '../../../webhooks/cli/judge-manifest.ts';
import type { CrdRules } from '../../../webhooks/cli/crd-rules.ts';
import type { ReferenceFacts } from '../../../webhooks/core/engine/facts.ts';
import { FIELD_MANAGER } from '../../../webhooks/core/mcpserver/names.ts';
import type { MCPServer } from '../../../webhooks/core/mcpserver/types.gen.ts';
import type { Action } from '../../../webhooks/core/plan/action.ts';
import { ownerOf } from '../../../webhooks/core/plan/ownership.ts';
import { plan } from '../../../webhooks/core/plan/plan.ts';
import { expandedKinds } from '../../../webhooks/core/resources/index.gen.ts';
import { builtInPolicy } from '../../../webhooks/core/rules/built-in-policy.ts';
import type { ApiResult, KubeApi } from '../../../webhooks/platform/kube/api.ts';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { applyObject } from '../../../webhooks/platform/kube/apply.ts';
import { digest } from '../../../webhooks/platform/digest.ts';
import { merge, type Mutant } from './mutants/mutant.ts';

export interface Outcome {
  readonly title: string;
  /** Rules that deny, in process: `rule-id path`. */
  readonly denials: readonly { readonly ruleId: string; readonly text: string }[];
  /** What the API server, with its webhooks, says about the MCPServer; absent when it accepts. */
  readonly refused?: string;
  /** What it says about each child that it refuses; nothing was asked when the manifest is no MCPServer. */
  readonly refusedChildren: readonly string[];
}

const smallest = {
  source: { type: 'ContainerImage', containerImage: { ref: 'example.com/server:1.4.0' } },
  config: { port: 8080 },
};

/** References are not this case's business: a missing object is only warned of. */
const noFacts: ReferenceFacts = { lookUp: () => ({ state: 'missing' }) };

/** Every change is a dry run, and asked again where the answer is about the moment and not about the object. */
export function dryRun(api: KubeApi): KubeApi {
  return {
    ...api,
    async request(request) {
      const attempt = { ...request, query: { ...request.query, dryRun: 'All' } };
      let result = await api.request(attempt);
      for (let more = 0; more < 5 && isOfTheMoment(result); more++) {
        await sleep(2_000);
        result = await api.request(attempt);
      }
      return result;
    },
  };
}

/** The world did not answer, is too busy, or a webhook was too late. */
function isOfTheMoment(result: ApiResult): boolean {
  return !result.ok && (result.error.status === 0 || result.error.status === 429 || result.error.status >= 500);
}

/** Tries one mutant here and there; the children are applied exactly as the reconciler does it. */
export function createTrial(options: {
  readonly api: KubeApi;
  readonly crdRules: CrdRules;
  readonly namespace: string;
}): (mutant: Mutant) => Promise<Outcome> {
  const { api, crdRules, namespace } = options;
  const applyChildren = createApplyChildren(api);
  return async ({ title, name = 'search', spec }) => {
    const manifest = {
      apiVersion: 'mcp.x-k8s.io/v1beta1',
      kind: 'MCPServer',
      metadata: { name, namespace },
      spec: merge(smallest, spec),
    };
    const now = new Date().toISOString();
    const validate = 'warn' as const;
    const context = { policy: builtInPolicy, now, crdRules, namespace, validate, factsIn: () => noFacts };
    const { findings, server } = judgeManifest(manifest, context);
    const path = objectPath({ apiVersion: manifest.apiVersion, plural: 'mcpservers', namespace });
    const created = await api.request({ method: 'POST', path, body: manifest, contentType: 'application/json' });
    return {
      title,
      denials: findings
        .filter(({ severity }) => severity === 'deny')
        .map((finding) => ({ ruleId: finding.ruleId, text: `${finding.path.join('.')}: ${finding.headline}` })),
      ...(created.ok ? {} : { refused: messageOf(created) }),
      refusedChildren: server === undefined ? [] : await applyChildren(server),
    };
  };
}

/** Most mutants have the same Service and the same NetworkPolicy: the API server is asked once about each object. */
function createApplyChildren(api: KubeApi): (stored: MCPServer) => Promise<readonly string[]> {
  const asked = new Map<string, Promise<ApiResult>>();
  const apply = (action: Action): Promise<ApiResult> => {
    if (action.type !== 'apply') throw new Error(`nothing exists, and yet the plan is to ${action.type}`);
    const key = JSON.stringify(action.object);
    const answer =
      asked.get(key) ??
      applyObject(api, {
        object: action.object,
        plural: action.of.plural,
        fieldManager: FIELD_MANAGER,
        expected: 'nothing',
      });
    asked.set(key, answer);
    return answer;
  };
  return async (stored) => {
    const server = { ...stored, metadata: { ...stored.metadata, uid: '00000000-0000-0000-0000-000000000000' } };
    const desired = expandedKinds.flatMap((kind) => kind.build({ server, configHash: digest('') }));
    const actions = plan({ owner: ownerOf(server), childKinds: expandedKinds, desired, observed: [], digest });
    const answers = await Promise.all(actions.map(async (action) => ({ action, answer: await apply(action) })));
    return answers.flatMap(({ action, answer }) =>
      answer.ok || isNotServed(action, answer) ? [] : [messageOf(answer)],
    );
  };
}

/** An API that is not there says nothing of an object (decision 0040): the reconciler would not apply it. */
function isNotServed(action: Action, answer: ApiResult): boolean {
  return action.of.requirement !== 'required' && !answer.ok && answer.error.status === 404;
}

/** A world that does not answer must not count as a refusal. */
function messageOf(result: ApiResult): string {
  if (result.ok) return '';
  const { message, reason, status } = result.error;
  if (status === 0 || status === 401 || status === 403 || status === 429) throw new Error(`${reason}: ${message}`);
  return message.slice(0, 400);
}
