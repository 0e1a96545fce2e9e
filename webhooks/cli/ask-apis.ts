import type { ApiState } from '../core/engine/installation.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isAsked } from '../core/resources/optional-kind.ts';
import type { AskedKind } from '../core/resources/optional-kind.ts';
import { ApiDiscovery } from '../platform/kube/api-discovery.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { silentLogger } from '../platform/log.ts';
import { askEnvironment } from './cluster-policy.ts';

/** By kind, of those that servers ask for; what nobody could tell is not there. */
export type KnownApis = ReadonlyMap<string, ApiState>;

/** What a record can say of one. */
export const toldStates = ['off', 'served', 'absent'] as const satisfies readonly ApiState[];

/** Kinds of other projects that some of the servers ask for: the verdict about them depends on what {@link askApis} tells. */
export function kindsAskedForBy(servers: readonly MCPServer[]): readonly AskedKind[] {
  return expandedKinds
    .filter(isAsked)
    .filter(({ requirement }) => servers.some((server) => requirement.asking.isAskedFor(server)));
}

/** As the cluster's own programs know it: whether the feature is on, whether the kind is there and somebody obeys it. */
export async function askApis(api: KubeApi, kinds: readonly AskedKind[]): Promise<KnownApis> {
  const installed = await askEnvironment(api);
  const switchedOn = 'because' in installed ? undefined : (installed.env.get('FEATURES') ?? '').split(',');
  const discovery = new ApiDiscovery({
    ...{ api, kinds, features: kinds.map(({ requirement }) => requirement.feature) },
    ...{ log: silentLogger, random: Math.random, clock: { sleep: () => Promise.resolve() } },
  });
  await discovery.askOnce(new AbortController().signal);
  const stateOf = ({ kind, requirement }: (typeof kinds)[number]): ApiState | undefined => {
    if (switchedOn?.includes(requirement.feature) === false) return 'off';
    const state = discovery.states.get(kind);
    // Served alone says little: whoever has not switched it on does nothing with it.
    return state === 'absent' || (state === 'served' && switchedOn !== undefined) ? state : undefined;
  };
  return new Map(
    kinds.flatMap((of) => {
      const state = stateOf(of);
      return state === undefined ? [] : [[of.kind, state] as const];
    }),
  );
}
