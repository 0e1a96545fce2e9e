import { describe, expect, it } from '@jest/globals';
import { findAiling, renderConditions, renderEvents, renderLog, type Pod } from './diagnosis.ts';

const aPod = (...containerStatuses: NonNullable<NonNullable<Pod['status']>['containerStatuses']>): Pod => ({
  metadata: { name: 'search-1' },
  status: { containerStatuses },
});

const container = { name: 'mcp', ready: false, restartCount: 0 };

describe('findAiling', () => {
  it.each<[string, Pod, readonly string[]]>([
    ['a pod without a status', { metadata: { name: 'search-1' } }, []],
    ['a container that is ready', aPod({ ...container, ready: true, state: { running: {} } }), []],
    [
      'a container that crash-loops',
      aPod({ ...container, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }),
      ['mcp: waiting: CrashLoopBackOff, restarts: 3; previous'],
    ],
    [
      'a container that crashed and is ready for the moment',
      aPod({ ...container, ready: true, restartCount: 1, state: { running: {} } }),
      ['mcp: running, restarts: 1; previous'],
    ],
    [
      'a container that is not ready',
      aPod({ ...container, state: { running: {} } }),
      ['mcp: running, not ready, restarts: 0'],
    ],
    [
      'a container that ended',
      aPod({ ...container, state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }),
      ['mcp: ended: OOMKilled, exit code 137, restarts: 0'],
    ],
    [
      'an init container that has done its work',
      {
        metadata: { name: 'search-1' },
        status: { initContainerStatuses: [{ ...container, state: { terminated: { exitCode: 0 } } }] },
      },
      [],
    ],
  ])('%s', (_, pod, wanted) => {
    const found = findAiling(pod).map(
      ({ name, state, isPreviousTold }) => `${name}: ${state}${isPreviousTold ? '; previous' : ''}`,
    );
    expect(found).toEqual(wanted);
  });
});

describe('what cannot be read', () => {
  const ailing = { pod: 'search-1', name: 'mcp', state: 'running', isPreviousTold: false };

  it.each([
    ['conditions', renderConditions('search', undefined), renderConditions('search', [])],
    ['a log', renderLog(ailing, undefined), renderLog(ailing, '')],
    ['events', renderEvents(undefined, 'search'), renderEvents([], 'search')],
  ])('is not told as what is not there: %s', (_, unread, empty) => {
    expect(unread).toMatch(/could not be read\.$/);
    expect(empty).not.toContain('could not be read');
  });
});

describe('renderEvents', () => {
  const anEvent = (name: string, message = 'x') => ({
    ...{ type: 'Warning', reason: 'BackOff', message },
    involvedObject: { kind: 'Pod', name },
  });

  it('shows those about the server and what it owns', () => {
    const events = [anEvent('search'), anEvent('search-1-abc'), anEvent('searching'), anEvent('other')];
    expect(renderEvents(events, 'search')).toBe(
      'Last events:\n  Warning BackOff Pod/search: x\n  Warning BackOff Pod/search-1-abc: x',
    );
  });

  it('shows the last ten', () => {
    const events = Array.from({ length: 30 }, (_, index) => anEvent('search', String(index)));
    const text = renderEvents(events, 'search');
    expect(text.split('\n')).toHaveLength(11);
    expect(text).toContain(': 29');
  });

  it('leaves good news out when there is other', () => {
    const events = [{ ...anEvent('search', 'good'), type: 'Normal' }, anEvent('search', 'bad')];
    expect(renderEvents(events.slice(0, 1), 'search')).toContain('good');
    expect(renderEvents(events, 'search')).toBe('Last events:\n  Warning BackOff Pod/search: bad');
  });

  it('is empty without any', () => {
    expect(renderEvents([], 'search')).toBe('');
  });
});
