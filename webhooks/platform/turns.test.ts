import { describe, expect, it } from '@jest/globals';

import { Turns } from './turns.ts';

/** `waiting` in order of arrival, each as group and number: "a1". */
function queue(waiting: readonly string[]): Turns<string> {
  const turns = new Turns<string>();
  for (const item of waiting) turns.add(item.slice(0, 1), item);
  return turns;
}

function drain(turns: Turns<string>): readonly string[] {
  const taken: string[] = [];
  for (let next = turns.take(); next !== undefined; next = turns.take()) taken.push(next.item);
  return taken;
}

describe('Turns', () => {
  it('lets groups take turns, and within a group the first be first', () => {
    expect(drain(queue(['a1', 'a2', 'a3', 'b1', 'c1', 'b2']))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('lets a group that comes late wait for one turn of each other at most', () => {
    const turns = queue(['a1', 'a2', 'a3', 'b1', 'b2']);
    turns.take();
    turns.add('c', 'c1');
    expect(drain(turns)).toEqual(['b1', 'a2', 'c1', 'b2', 'a3']);
  });

  it('lets a group that always comes back not pass those that wait', () => {
    const turns = queue(['a1', 'b1', 'b2']);
    turns.take();
    turns.add('a', 'a2');
    expect(drain(turns)).toEqual(['b1', 'a2', 'b2']);
  });

  it('keeps an item once, and counts', () => {
    const turns = queue(['a1', 'a1', 'b1']);
    expect(turns.size).toBe(2);
    turns.delete('a', 'a1');
    turns.delete('a', 'a1');
    expect(turns.size).toBe(1);
    expect(drain(turns)).toEqual(['b1']);
    expect(turns.size).toBe(0);
  });

  it('passes over a group that may not have its turn now', () => {
    const turns = queue(['a1', 'b1']);
    expect(turns.take((group) => group !== 'a')).toEqual({ group: 'b', item: 'b1' });
    expect(turns.take((group) => group !== 'a')).toBeUndefined();
    expect(drain(turns)).toEqual(['a1']);
  });

  it('gives up what has waited longest in the group in which most wait', () => {
    const turns = queue(['a1', 'b1', 'b2']);
    expect(turns.takeFromLargest()).toBe('b1');
    expect(drain(turns)).toEqual(['a1', 'b2']);
    expect(turns.takeFromLargest()).toBeUndefined();
  });
});
