import { ownValue } from '../mcpserver/record.ts';
import type { CompositeViolation } from './composite-kind.ts';
import { listValue } from './read-fields.ts';

/** More servers are not looked at; the schema allows no more. */
export const maxPoolServers = 100;

/**
 * What all servers of a pool may say together, in characters of JSON: each says the whole template and all labels again.
 * Whoever judges them does it in one go, and whoever applies them has them all at once: a hundred servers of 2.6 KB, or one
 * that is as large as a request has room for nearly twice.
 */
const maxPoolCharacters = 256 * 1024;

/** Measured before any server is built. */
export function judgeSize(spec: unknown): readonly CompositeViolation[] {
  const servers = listValue(spec, 'servers').slice(0, maxPoolServers);
  const common = charactersOf(ownValue(spec, 'template')) + charactersOf(ownValue(spec, 'labels'));
  const found = servers.reduce<number>((all, server) => all + common + charactersOf(ownValue(server, 'overrides')), 0);
  if (found <= maxPoolCharacters) return [];
  return [
    {
      ...{ path: ['spec'], reason: 'TooLarge', headline: 'the servers of the pool say too much together' },
      detail: `found ${found} characters of JSON, template and labels counted for each server, at most ${maxPoolCharacters} are allowed`,
      remedy: 'Put long texts into a ConfigMap, or make several pools of it.',
    },
  ];
}

function charactersOf(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}
