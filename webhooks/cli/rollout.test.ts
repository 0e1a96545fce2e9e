import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { present } from '../core/mcpserver/record.ts';
import { askedTryOf, type AskedTry } from '../core/plan/asked-try.ts';
import { anMCPServer, withName, withNamespace } from '../core/testing/builders.ts';
import { digest } from '../platform/digest.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { awaitRollout } from './await-rollout.ts';
import type { Awaited } from './await-rollout.ts';
import { closed, problemsOf } from './outputs/testing/problems-of.ts';
import { readServer } from './rollout-server.ts';
import { viewRollout } from './rollout-view.ts';
import { rolloutHistorySchema } from './schemas/rollout-history.ts';
import { rolloutStatusSchema } from './schemas/rollout-status.ts';
import { runCli, type CliRun } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

const path = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const at = '2026-11-30T02:00:00Z';

const condition = (type: string, status: string, reason: string, observedGeneration = 5, message = 'M'): object => ({
  ...{ type, status, reason, message, observedGeneration, lastTransitionTime: at },
});
/** What serves is of generation 4, and answers. */
const serving = [condition('Ready', 'True', 'Available', 4), condition('Available', 'True', 'Available', 4)];
const valid = condition('Accepted', 'True', 'Valid');
const failure = (retry?: string): object => ({
  ...{ template: 'five', reason: 'CandidateNotVerified', message: 'answered HTTP 500', at },
  ...(retry === undefined ? {} : { retry }),
});
/** Of an older version. */
const old = { template: 'four', reason: 'CandidateNotReady', message: 'not ready', at };
const rollout = (phase: string, more: object = {}): object => ({
  ...{ phase, target: { template: 'five', generation: 5, since: at } },
  ...more,
});

interface Stored {
  readonly conditions?: readonly object[];
  readonly rollout?: object;
  readonly metadata?: object;
}

const server = ({ conditions = [], rollout: state, metadata = {} }: Stored): Record<string, unknown> => ({
  ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
  metadata: { name: 'search', namespace: 'mcp', uid: 'u', generation: 5, ...metadata },
  status: { conditions, ...(state === undefined ? {} : { extensions: { rollout: state } }) },
});

const complete = server({
  conditions: [condition('Ready', 'True', 'Available'), valid, condition('Available', 'True', 'Available')],
});
const rejected = server({
  conditions: [...serving, valid, condition('Stalled', 'True', 'CandidateNotVerified')],
  rollout: rollout('Rejected', { reason: 'CandidateNotVerified', failed: [failure()] }),
});

describe('where the newest version is', () => {
  const rows: readonly (readonly [string, Record<string, unknown>, string, string])[] = [
    ['serves and is verified', complete, 'Complete', 'Complete'],
    [
      'has no pods, as asked',
      server({ conditions: [valid, condition('Available', 'True', 'ScaledToZero')] }),
      'Complete',
      'Complete',
    ],
    [
      'nobody has looked at, although what serves is ready',
      server({ conditions: [...serving, condition('Accepted', 'True', 'Valid', 4)] }),
      'UnderWay',
      'Waiting',
    ],
    [
      'nobody has looked at, although the one before it was rejected',
      server({
        conditions: [...serving, condition('Accepted', 'True', 'Valid', 4)],
        rollout: rollout('Rejected', { failed: [failure()] }),
      }),
      ...(['UnderWay', 'Waiting'] as const),
    ],
    ['has no status at all', server({}), 'UnderWay', 'Waiting'],
    [
      'is proven',
      server({
        conditions: [...serving, valid, condition('Reconciling', 'True', 'Proving')],
        rollout: rollout('Proving'),
      }),
      'UnderWay',
      'Proving',
    ],
    [
      'waits for its turn',
      server({ conditions: [...serving, valid, condition('Reconciling', 'True', 'RolloutQueued')] }),
      'UnderWay',
      'Queued',
    ],
    [
      'waits for its turn after another one was rejected',
      server({
        conditions: [...serving, valid, condition('Reconciling', 'True', 'RolloutQueued')],
        rollout: rollout('Rejected', { failed: [failure()] }),
      }),
      ...(['UnderWay', 'Queued'] as const),
    ],
    [
      'rolls out',
      server({
        conditions: [...serving, valid, condition('Reconciling', 'True', 'RollingOut')],
        rollout: rollout('Rolling'),
      }),
      'UnderWay',
      'Rolling',
    ],
    [
      'is about to be verified',
      server({ conditions: [...serving, valid, condition('Reconciling', 'True', 'Verifying')] }),
      'UnderWay',
      'Verifying',
    ],
    ['was rejected', rejected, 'Failed', 'Rejected'],
    [
      'was rejected, and another try is asked for',
      {
        ...rejected,
        metadata: { name: 'search', namespace: 'mcp', generation: 5, annotations: { 'mcp-lifecycle/retry': '1' } },
      },
      'UnderWay',
      'Waiting',
    ],
    ...(['Proving', 'Rolling'] as const).map(
      (phase) =>
        [
          `is tried once more, ${phase} (it was told as asked for, as long as it took)`,
          server({
            conditions: [...serving, valid, condition('Stalled', 'True', 'PodsFailing')],
            rollout: rollout(phase, { failed: [failure()] }),
            metadata: { annotations: { 'mcp-lifecycle/retry': '1' } },
          }),
          ...(['UnderWay', phase] as const),
        ] as const,
    ),
    [
      'finds no room for another try (it was told as asked for)',
      server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'QuotaExceeded')],
        rollout: rollout('Blocked', { reason: 'QuotaExceeded', failed: [failure()] }),
        metadata: { annotations: { 'mcp-lifecycle/retry': '1' } },
      }),
      ...(['Stuck', 'Blocked'] as const),
    ],
    [
      'could not be put back, and another try is asked for',
      server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'NothingToPutBack')],
        rollout: rollout('Blocked', { reason: 'NothingToPutBack', failed: [failure()] }),
        metadata: { annotations: { 'mcp-lifecycle/retry': '1' } },
      }),
      ...(['UnderWay', 'Waiting'] as const),
    ],
    [
      'was rejected, after a try that was asked for in more words than are remembered',
      server({
        conditions: [...serving, valid],
        rollout: rollout('Rejected', { failed: [failure('x'.repeat(253))] }),
        metadata: { annotations: { 'mcp-lifecycle/retry': 'x'.repeat(300) } },
      }),
      ...(['Failed', 'Rejected'] as const),
    ],
    [
      'was put back',
      server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'NewPodsNotVerified')],
        rollout: rollout('RolledBack', { reason: 'NewPodsNotVerified', failed: [failure()] }),
      }),
      'Failed',
      'RolledBack',
    ],
    [
      'finds no room',
      server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'QuotaExceeded')],
        rollout: rollout('Blocked', { reason: 'QuotaExceeded' }),
      }),
      'Stuck',
      'Blocked',
    ],
    [
      'cannot be put back',
      server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'NothingToPutBack')],
        rollout: rollout('Blocked', { reason: 'NothingToPutBack' }),
      }),
      'Failed',
      'Blocked',
    ],
    [
      'has pods that fail',
      server({ conditions: [...serving, valid, condition('Stalled', 'True', 'PodsFailing')] }),
      'Stuck',
      'Stalled',
    ],
    [
      'does not get on',
      server({ conditions: [...serving, valid, condition('Stalled', 'True', 'ProgressDeadlineExceeded')] }),
      'Failed',
      'Stalled',
    ],
    [
      'is not accepted',
      server({ conditions: [...serving, condition('Accepted', 'False', 'Invalid')] }),
      'Stuck',
      'NotAccepted',
    ],
    [
      'serves and does not speak MCP',
      server({
        conditions: [
          condition('Ready', 'False', 'MCPEndpointUnavailable'),
          valid,
          condition('Available', 'True', 'Available'),
        ],
      }),
      'Stuck',
      'NotReady',
    ],
    ['is deleted', server({ conditions: [valid], metadata: { deletionTimestamp: at } }), 'Failed', 'Deleting'],
    [
      'is in a phase of a later release',
      server({ conditions: [...serving, valid], rollout: rollout('Warming') }),
      'UnderWay',
      'Warming',
    ],
    [
      'is in a phase that every object has a field of',
      server({ conditions: [...serving, valid], rollout: rollout('constructor') }),
      'UnderWay',
      'constructor',
    ],
    [
      'is no object that anybody knows',
      { status: { conditions: 'x', extensions: { rollout: { phase: 7 } } } },
      'UnderWay',
      'Waiting',
    ],
  ];

  it.each(rows)('%s', (_, object, outcome, phase) => {
    expect(viewRollout(object)).toMatchObject({ outcome, phase });
  });

  describe('was held back for its tools', () => {
    const accepted = `sha256:${'a'.repeat(64)}`;
    const held = (asked: AskedTry, annotations: Readonly<Record<string, string>>): Record<string, unknown> => {
      const entry = {
        template: 'five',
        reason: 'ToolContractChanged',
        message: 'fetch is gone',
        at,
        ...present(asked),
      };
      const stored = server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'ToolContractChanged')],
        rollout: rollout('Rejected', { reason: 'ToolContractChanged', failed: [entry] }),
        metadata: { annotations },
      });
      return { ...anMCPServer(withName('search'), withNamespace('mcp')), ...stored };
    };
    const asked = (annotations: Readonly<Record<string, string>> = {}): AskedTry => {
      const { spec, metadata } = anMCPServer(withName('search'));
      return askedTryOf({ spec, metadata: { ...metadata, annotations } }, digest);
    };
    const accepting = { 'mcp-lifecycle/accept-tool-contract': accepted };

    it('and stays so as long as nobody accepts them', () => {
      expect(viewRollout(held(asked(), {}))).toMatchObject({
        outcome: 'Failed',
        phase: 'Rejected',
        isRetryAsked: false,
      });
    });

    it('and is tried once more when they are accepted (status --watch ended with exit code 1 before that was looked at)', () => {
      const view = viewRollout(held(asked(), accepting));
      expect(view).toMatchObject({ outcome: 'UnderWay', phase: 'Waiting', isRetryAsked: true });
    });

    it('and failed with what was accepted as well', () => {
      expect(viewRollout(held(asked(accepting), accepting))).toMatchObject({ outcome: 'Failed', isRetryAsked: false });
    });

    it('and is no object by our schema, of which nothing is made up', () => {
      const unknown = { ...held(asked(), accepting), spec: { of: 'a later release' } };
      expect(viewRollout(unknown)).toMatchObject({ outcome: 'Failed', phase: 'Rejected', isRetryAsked: false });
    });
  });

  it('keeps on its line what others have written into a status', () => {
    const hostile = server({
      conditions: [valid, condition('Stalled', 'True', 'Pods\nFailing', 5, 'a\u001b[2J\nb\u202e')],
    });
    const { reason, message } = viewRollout(hostile);
    expect(`${reason ?? ''}${message}`).not.toMatch(/[\u202e\p{Cc}]/u);
  });
});

describe('waiting for an outcome', () => {
  const named = (api: FakeKubeApi) => ({ api, namespace: 'mcp', name: 'search' });

  /** Waits on a clock that stands still until it is moved. */
  function startWaiting(api: FakeKubeApi, timeoutMs = 600_000) {
    const clock = createFakeClock();
    const told: string[] = [];
    const ended: { is?: Awaited } = {};
    const waiting = awaitRollout({
      ...{ read: () => readServer(named(api)), clock, timeoutMs },
      tell: (line) => void told.push(line),
    }).then((awaited) => (ended.is = awaited));
    return { clock, told, ended, waiting };
  }

  it('tells each news once, and ends when the newest version serves', async () => {
    const api = createFakeKubeApi();
    api.put(path, server({ conditions: [...serving, valid], rollout: rollout('Proving') }));
    const { clock, told, ended } = startWaiting(api);
    await clock.advance(30_000);
    expect([told.length, ended.is]).toEqual([1, undefined]);
    api.put(path, { ...complete, status: { ...(complete['status'] as object), extensions: null } });
    await clock.advance(2_000);
    expect(told).toEqual([
      'mcp/search: Proving, generation 5, generation 4 serves',
      'mcp/search: Complete, generation 5 serves: M',
    ]);
    expect(ended.is).toMatchObject({ type: 'seen', isLate: false, view: { outcome: 'Complete' } });
  });

  it('ends at once when it has failed for good, and waits for what is stuck until the time is up', async () => {
    const api = createFakeKubeApi();
    api.put(path, rejected);
    const failed = startWaiting(api);
    await failed.clock.advance(0);
    expect(failed.ended.is).toMatchObject({ type: 'seen', isLate: false, view: { outcome: 'Failed' } });
    api.put(
      path,
      server({ conditions: [...serving, valid], rollout: rollout('Blocked', { reason: 'QuotaExceeded' }) }),
    );
    const stuck = startWaiting(api, 60_000);
    await stuck.clock.advance(59_000);
    expect(stuck.ended.is).toBeUndefined();
    await stuck.clock.advance(2_000);
    expect(stuck.ended.is).toMatchObject({ type: 'seen', isLate: true, view: { outcome: 'Stuck' } });
  });

  it('sits out an API server that does not answer, and no missing right', async () => {
    const api = createFakeKubeApi();
    api.put(path, complete);
    api.answer(() => true, 503);
    const { clock, told, ended } = startWaiting(api);
    await clock.advance(10_000);
    expect([told.length, ended.is]).toEqual([1, undefined]);
    api.answer(() => true, undefined);
    await clock.advance(2_000);
    expect(ended.is).toMatchObject({ view: { outcome: 'Complete' } });
    api.answer(() => true, 403);
    const refused = startWaiting(api);
    await refused.clock.advance(0);
    expect(refused.ended.is).toMatchObject({ type: 'failed', error: { status: 403 } });
  });
});

describe('mcp-lifecycle rollout', () => {
  let api: FakeKubeApi;
  let served: ServedContexts;

  beforeEach(async () => {
    api = createFakeKubeApi();
    served = await serveContexts({ prod: api });
  });
  afterEach(() => served.end());

  const run = (...args: readonly string[]): Promise<CliRun> => runCli(['rollout', ...args]);
  const annotation = (): unknown =>
    (api.get(path)?.['metadata'] as { annotations?: Record<string, string> }).annotations?.['mcp-lifecycle/retry'];
  const replicaSet = (name: string, revision: string, more: object = {}): void => {
    api.put(`/apis/apps/v1/namespaces/mcp/replicasets/${name}`, {
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
      metadata: {
        ...{ name, namespace: 'mcp', labels: { 'mcp-server': 'search' }, creationTimestamp: at },
        ownerReferences: [{ kind: 'Deployment', name: 'search' }],
        annotations: {
          'deployment.kubernetes.io/revision': revision,
          'mcp-lifecycle/template-hash': `${name}-template`,
        },
      },
      spec: {
        replicas: 0,
        template: { spec: { containers: [{ name: 'mcp-server', image: `example.com/search:${revision}` }] } },
      },
      ...more,
    });
  };

  it('status is 0 where the newest version serves, 1 where it does not, and 2 where nobody can tell', async () => {
    api.put(path, complete);
    expect(await run('status', '-n', 'mcp', 'search')).toEqual({
      ...{ code: 0, error: '', out: 'mcp/search: Complete, generation 5 serves: M\n' },
    });
    api.put(path, rejected);
    expect(await run('status', '-n', 'mcp', '--watch', 'search')).toMatchObject({
      ...{
        code: 1,
        out: expect.stringMatching(
          /^mcp\/search: Rejected \(CandidateNotVerified\), generation 5, generation 4 serves: /,
        ),
      },
    });
    expect(await run('status', '-n', 'mcp', 'other')).toMatchObject({
      ...{
        code: 2,
        out: '',
        error: expect.stringMatching(
          /^MCPServer mcp\/other is not there .*look at its name and its namespace \(-n\); mcp-lifecycle status -n mcp lists/,
        ),
      },
    });
    expect(api.writes).toEqual([]);
  });

  it('status says at the end of its time that it is up', async () => {
    api.put(path, server({ conditions: [...serving, valid], rollout: rollout('Proving') }));
    expect(await run('status', '-n', 'mcp', '--timeout', '1', 'search')).toMatchObject({
      code: 1,
      error: 'not within 1 s\n',
    });
  });

  it('status takes the namespace of the context, as kubectl does', async () => {
    api.put(path, complete);
    const file = join(served.folder, 'config');
    const config = JSON.parse(await import('node:fs').then(({ readFileSync }) => readFileSync(file, 'utf8'))) as {
      readonly contexts: readonly { readonly context: object }[];
    };
    const contexts = config.contexts.map((one) => ({ ...one, context: { ...one.context, namespace: 'mcp' } }));
    writeFileSync(file, JSON.stringify({ ...config, contexts }));
    expect((await run('status', 'search')).code).toBe(0);
  });

  it('status prints JSON that has every field of its schema, and nothing else', async () => {
    api.put(path, rejected);
    const { code, out, error } = await run('status', '-n', 'mcp', '--watch', '-o', 'json', 'search');
    expect({ code, error }).toEqual({ code: 1, error: '' });
    const printed = JSON.parse(out) as object;
    expect(problemsOf(closed(rolloutStatusSchema), printed)).toEqual([]);
    expect(Object.keys(printed).sort()).toEqual(Object.keys(rolloutStatusSchema.properties ?? {}).sort());
  });

  it('history lists what has served, the newest first, and what was tried', async () => {
    api.put(path, rejected);
    replicaSet('a', '2');
    replicaSet('b', '10', {
      spec: { replicas: 2, template: { spec: { containers: [{ image: 'example.com/search:10' }] } } },
      status: { readyReplicas: 1 },
    });
    replicaSet('foreign', '3', { metadata: { labels: { 'mcp-server': 'search' }, ownerReferences: [] } });
    expect(await run('history', '-n', 'mcp', 'search')).toEqual({
      code: 0,
      error: '',
      out: `REVISION  TEMPLATE  IMAGE                  SINCE                 READY
10        b-templa  example.com/search:10  ${at}  1/2
2         a-templa  example.com/search:2   ${at}  0/0

FAILED  AT                    REASON                MESSAGE
five    ${at}  CandidateNotVerified  answered HTTP 500
`,
    });
    const { out } = await run('history', '-n', 'mcp', '-o', 'json', 'search');
    const printed = JSON.parse(out) as { readonly revisions: readonly object[]; readonly failed: readonly object[] };
    expect(problemsOf(closed(rolloutHistorySchema), printed)).toEqual([]);
    expect([printed.revisions.length, printed.failed.length]).toEqual([2, 1]);
    expect(api.writes).toEqual([]);
  });

  it('history has the newest hundred, whatever their names are', async () => {
    api.put(path, complete);
    for (let count = 1; count <= 120; count += 1) replicaSet(`r${999 - count}`, String(count));
    replicaSet('z', '121');
    const { out } = await run('history', '-n', 'mcp', '-o', 'json', 'search');
    const { revisions } = JSON.parse(out) as { readonly revisions: readonly { readonly revision: number }[] };
    expect(revisions.map(({ revision }) => revision)).toEqual(Array.from({ length: 100 }, (_, index) => 121 - index));
  });

  it('history says what may not be listed', async () => {
    api.put(path, complete);
    api.answer(({ path: asked }) => asked.includes('replicasets'), 403);
    expect(await run('history', '-n', 'mcp', 'search')).toMatchObject({
      ...{ code: 2, out: '', error: expect.stringMatching(/^ReplicaSets of mcp\/search cannot be listed: /) },
    });
  });

  it('retry asks for another try of what has failed, once, and of nothing else', async () => {
    api.put(path, complete);
    expect(await run('retry', '-n', 'mcp', 'search')).toMatchObject({
      code: 1,
      error: 'mcp/search: nothing of it has failed: it is Complete\n',
    });
    expect(api.writes).toEqual([]);
    api.put(path, rejected);
    const asked = await run('retry', '-n', 'mcp', 'search');
    expect(asked).toMatchObject({
      code: 0,
      error: '',
      out: expect.stringMatching(/^mcp\/search: another try of five \(CandidateNotVerified\) is asked for/),
    });
    expect(asked.out).toContain(': mcp-lifecycle rollout status --watch -n mcp search tells');
    const first = annotation();
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect((api.get(path)?.['metadata'] as { generation: number }).generation).toBe(5);
    expect(await run('retry', '-n', 'mcp', 'search')).toMatchObject({
      code: 1,
      error: 'mcp/search: another try is asked for already\n',
    });
    expect(annotation()).toBe(first);
  });

  it('retry tells of what the newest version has failed, not of what failed last of all (it was another one)', async () => {
    // Back at five, which is still remembered, after six had failed as well.
    const six = { template: 'six', reason: 'NewPodsNotVerified', message: 'answered HTTP 500', at };
    api.put(
      path,
      server({
        conditions: [...serving, valid, condition('Stalled', 'True', 'CandidateNotVerified')],
        rollout: rollout('Rejected', { reason: 'CandidateNotVerified', failed: [failure(), six] }),
      }),
    );
    expect(await run('retry', '-n', 'mcp', 'search')).toMatchObject({
      ...{ code: 0, error: '' },
      out: expect.stringMatching(/^mcp\/search: another try of five \(CandidateNotVerified\) is asked for/),
    });
  });

  it.each<[what: string, stored: Stored, phase: string]>([
    ['is proven', { conditions: [...serving, valid], rollout: rollout('Proving', { failed: [old] }) }, 'Proving'],
    ['rolls out', { conditions: [...serving, valid], rollout: rollout('Rolling', { failed: [old] }) }, 'Rolling'],
    [
      'is tried once more',
      { conditions: [...serving, valid], rollout: rollout('Proving', { failed: [failure()] }) },
      'Proving',
    ],
    [
      'waits for its turn after that',
      {
        conditions: [...serving, valid, condition('Reconciling', 'True', 'RolloutQueued')],
        rollout: rollout('Rejected', { failed: [failure()] }),
      },
      'Queued',
    ],
    [
      'was not looked at yet',
      {
        conditions: [...serving, condition('Accepted', 'True', 'Valid', 4)],
        rollout: rollout('Rejected', { failed: [failure()] }),
      },
      'Waiting',
    ],
    [
      'finds no room for its other try',
      {
        conditions: [...serving, valid],
        rollout: rollout('Blocked', { reason: 'QuotaExceeded', failed: [failure()] }),
      },
      'Blocked',
    ],
  ])('retry asks for nothing where something has failed and the newest version %s', async (_what, stored, phase) => {
    api.put(path, server(stored));
    expect(await run('retry', '-n', 'mcp', 'search')).toEqual({
      ...{ code: 1, out: '' },
      error: `mcp/search: its newest version, generation 5, has nothing to try again: it is ${phase}\n`,
    });
    expect(api.writes).toEqual([]);
  });

  it('retry says of a version without room that it goes on by itself (it said that nothing has failed)', async () => {
    const message = 'No room in quota pods';
    const conditions = [...serving, valid, condition('Stalled', 'True', 'QuotaExceeded', 5, message)];
    api.put(path, server({ conditions, rollout: rollout('Blocked', { reason: 'QuotaExceeded' }) }));
    expect(await run('retry', '-n', 'mcp', 'search')).toEqual({
      ...{ code: 1, out: '' },
      error: `mcp/search: nothing to try again: it is Blocked, and goes on by itself when the cause is mended: ${message}\n`,
    });
    expect(api.writes).toEqual([]);
  });

  it('retry says what starts pods anew that do not serve well (it said that they go on by themselves)', async () => {
    const ready = condition('Ready', 'False', 'MCPEndpointUnavailable', 5, 'answered HTML');
    const available = condition('Available', 'True', 'Available', 5);
    api.put(path, server({ conditions: [available, valid, ready] }));
    expect(await run('retry', '-n', 'mcp', 'search')).toEqual({
      ...{ code: 1, out: '' },
      error:
        'mcp/search: nothing to try again: no other version is on its way. kubectl rollout restart -n mcp deployment/search starts its pods anew: answered HTML\n',
    });
    expect(api.writes).toEqual([]);
  });

  it('status ends its line without a colon where there is no message', async () => {
    api.put(path, server({ conditions: [...serving, valid], rollout: rollout('Rolling') }));
    const { out } = await run('status', '-n', 'mcp', 'search');
    expect(out).toBe('mcp/search: Rolling, generation 5, generation 4 serves\n');
  });

  it('retry names the next command whole, so that it can be copied (it left out which server, and where)', async () => {
    api.put(path, rejected);
    const { out } = await run('retry', '--context', 'prod', '-n', 'mcp', 'search');
    expect(out).toContain(': mcp-lifecycle rollout status --watch --context prod -n mcp search tells');
  });

  it('status says which cluster does not answer (it left everybody to guess)', async () => {
    await served.stop();
    const { code, error } = await run('status', '-n', 'mcp', 'search');
    expect({ code, error }).toEqual({
      ...{ code: 2, error: expect.stringMatching(/^MCPServer mcp\/search cannot be read in context prod: /) },
    });
  });

  it('retry says why a server cannot be annotated', async () => {
    api.put(path, rejected);
    api.answer(({ method }) => method === 'PATCH', 403);
    expect(await run('retry', '-n', 'mcp', 'search')).toMatchObject({
      ...{ code: 2, out: '', error: expect.stringMatching(/^mcp\/search cannot be annotated: /) },
    });
  });

  it.each([
    [['status'], 'name one MCPServer'],
    [['status', 'a', 'b'], 'takes one NAME, found 1 more'],
    [['history', 'mcpserver/search'], "takes the name of an MCPServer alone, not 'mcpserver/search'"],
    [['status', '--timeout', '10m', 'search'], "--timeout takes seconds from 1 to 86400, not '10m'"],
    [['undo', 'search'], 'rollout takes status, history or retry, found undo'],
    [['retry', '--context', 'nowhere', 'search'], "the kubeconfig has no context 'nowhere'"],
  ])('%s is refused with what is wrong', async (args, said) => {
    expect(await run(...args)).toMatchObject({ code: 2, out: '', error: expect.stringContaining(said) });
    expect([...api.reads, ...api.writes]).toEqual([]);
  });
});
