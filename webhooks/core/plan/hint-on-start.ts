import type { MCPServer } from '../mcpserver/types.gen.ts';

/** What of the spec may keep a node from starting a pod: its runtime, its claims. Undefined: none of it is there. */
export function hintOnStart({ spec }: MCPServer): string | undefined {
  const { storage = [], scheduling } = spec.extensions ?? {};
  const runtime = scheduling?.runtimeClassName;
  const claims = [...new Set(storage.map(({ claimName }) => claimName))];
  const questions = [
    ...(runtime === undefined
      ? []
      : [`does its node have the runtime of RuntimeClass ${runtime} (spec.extensions.scheduling.runtimeClassName)`]),
    ...(claims.length === 0
      ? []
      : [`can it be given ${claims.slice(0, 3).join(', ')} there (spec.extensions.storage)`]),
  ];
  return questions.length === 0 ? undefined : `${questions.join(', ')}?`;
}
