import { ownValue, type Fields } from '../mcpserver/record.ts';
import { numberValue } from './read-fields.ts';

/** One of `spec.servers`, with the template. */
export interface PoolMember {
  readonly name: string;
  readonly index: number;
  readonly overrides: unknown;
  readonly spec: Fields;
  readonly isAdopted: boolean;
}

/** How many pods it may have by autoscaling; undefined where it has as many as it says. */
export function maxReplicasOf(spec: Fields): number | undefined {
  return numberValue(ownValue(ownValue(spec, 'extensions'), 'autoscaling'), 'maxReplicas');
}
