import { ownValue, type Fields } from '../mcpserver/record.ts';
import type { ObservedServer } from './composite-kind.ts';
import { listValue, numberValue, textValue } from './read-fields.ts';

/** What an MCPServer says of itself as far as a kind above passes it on. */
type Said = Pick<ObservedServer, 'generation' | 'status'>;

/** The generation that serves is the newest one, and it serves well: what comes after it in a pool may change. */
export function isSettled({ generation, status }: Said): boolean {
  const ready = conditionIn(status, 'Ready');
  return textValue(ready, 'status') === 'True' && numberValue(ready, 'observedGeneration') === generation;
}

/** The conditions that may say why one is not, the most telling first; each with the status that says nothing of the kind. */
const telling = [
  { type: 'Accepted', unless: 'True' },
  { type: 'Stalled', unless: 'False' },
  { type: 'Reconciling', unless: 'False' },
  { type: 'Ready', unless: 'True' },
] as const;

/** The types of conditions that are read here. */
export const readTypes: readonly string[] = telling.map(({ type }) => type);

/**
 * Why one is not settled. Of its newest generation alone: while that does not come up, Ready goes on to speak well of the one
 * that serves.
 */
export function whyUnsettled({ generation, status }: Said): string {
  const isOfNow = (condition: unknown): boolean => numberValue(condition, 'observedGeneration') === generation;
  if (!isOfNow(conditionIn(status, 'Accepted'))) return `its generation ${generation} has not been looked at yet`;
  for (const { type, unless } of telling) {
    const condition = conditionIn(status, type);
    const message = textValue(condition, 'message') ?? '';
    if (isOfNow(condition) && textValue(condition, 'status') !== unless && message !== '') return message;
  }
  return `its generation ${generation} has not been verified yet`;
}

/** Whether somebody has to change something before its newest generation serves. */
export function isStuck({ generation, status }: Said): boolean {
  const says = (type: string, wanted: string): boolean => {
    const condition = conditionIn(status, type);
    return textValue(condition, 'status') === wanted && numberValue(condition, 'observedGeneration') === generation;
  };
  return says('Accepted', 'False') || says('Stalled', 'True');
}

export function conditionIn(status: Fields | undefined, type: string): unknown {
  return listValue(status, 'conditions').find((condition) => ownValue(condition, 'type') === type);
}
