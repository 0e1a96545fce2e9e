/** @alone it lets servers past the webhook, and stops our programs. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { bypassLabel, pastTheWebhook } from '../../harness/bypass.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import type { KubectlResult, KubeObject } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition, untilObserved } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilNoReplica, withoutFarewells } from '../../harness/replicas.ts';

/** A violation with which the server runs all the same. */
const escalating = { allowPrivilegeEscalation: true };

describe('a violation', () => {
  const namespace = useNamespace();

  const server = (name: string, securityContext: object = {}): object => ({
    ...kubernetesServer(name, { runtime: { security: { serviceAccountName: 'default', securityContext } } }),
    metadata: { name, labels: { [bypassLabel]: 'true' } },
  });
  const bypass = <T>(work: () => Promise<T>): Promise<T> =>
    pastTheWebhook(namespace, server('probe', escalating), work);
  const patch = (name: string, change: object, ...more: readonly string[]): Promise<KubectlResult> =>
    kubectl([
      ...['patch', 'mcpserver', name, '--namespace', namespace, ...more],
      ...['--type', 'merge', '--patch', JSON.stringify(change)],
    ]);
  const secure = (securityContext: object): object => ({ spec: { runtime: { security: { securityContext } } } });
  const scaled = (replicas: number): object => ({ spec: { runtime: { replicas } } });
  /** Waits until the reconciler has judged the spec as it is now. */
  const untilJudged = (name: string): Promise<KubeObject> => untilObserved(namespace, name);
  const rolledOut = async (name: string): Promise<string> =>
    JSON.stringify((await get(namespace, 'deployments', name))?.spec);
  /** Scales the webhook and the reconciler. */
  const runPrograms = (replicas: number): Promise<string> =>
    kubectlOk(['scale', 'deployment', release.name, `--replicas=${replicas}`, '--namespace', release.namespace]);

  beforeAll(async () => {
    await apply(namespace, server('bypassing'));
    await apply(namespace, server('older'));
    await untilCondition(namespace, 'bypassing', { type: 'Verified', status: 'True' });
    await untilCondition(namespace, 'older', { type: 'Verified', status: 'True' });
  });

  describe('that came past the webhook', () => {
    let before = '';

    it('is not rolled out, and status says why', async () => {
      before = await rolledOut('bypassing');
      await bypass(async () => {
        expect(await patch('bypassing', secure(escalating))).toMatchObject({ code: 0 });
      });
      const found = await untilCondition(namespace, 'bypassing', { type: 'Accepted', status: 'False' });
      expect(conditionOf(found, 'Accepted')?.message).toMatch(
        /^spec\.runtime\.security\.securityContext\.allowPrivilegeEscalation: .*; nothing is rolled out until then/,
      );
      expect(await rolledOut('bypassing')).toBe(before);
    });

    it('holds up no other change at the door, and still rolls nothing out', async () => {
      const { code, stderr } = await patch('bypassing', scaled(2));
      expect(code).toBe(0);
      expect(stderr).toMatch(/^Warning: .*\(not new\) \[allow-privilege-escalation\]$/m);
      expect(conditionOf(await untilJudged('bypassing'), 'Accepted')?.status).toBe('False');
      expect(await rolledOut('bypassing')).toBe(before);
    });

    it('makes room for no other violation', async () => {
      const { code, stderr } = await patch('bypassing', secure({ privileged: true }));
      expect(code).not.toBe(0);
      expect(stderr).toContain('[privileged]');
    });

    it('is forgotten when it is taken back: what else was changed is rolled out', async () => {
      expect((await patch('bypassing', secure({ allowPrivilegeEscalation: false }))).code).toBe(0);
      await untilCondition(namespace, 'bypassing', { type: 'Accepted', status: 'True' });
      await eventually('two replicas', async () => (await rolledOut('bypassing')).includes('"replicas":2'));
    });
  });

  describe('of a server that ran before we judged it', () => {
    beforeAll(async () => {
      await runPrograms(0);
      try {
        // One that is on its way out would still judge it.
        await withoutFarewells(untilNoReplica);
        await bypass(async () => {
          expect(await patch('older', secure(escalating))).toMatchObject({ code: 0 });
          const forgotten = await patch('older', { status: { extensions: null } }, '--subresource', 'status');
          expect(forgotten).toMatchObject({ code: 0 });
        });
      } finally {
        await runPrograms(2);
        await untilComplete();
        // Nodes learn a moment later that the Service has endpoints again; until then they refuse connections.
        const change = { metadata: { labels: { team: 'nobody' } } };
        await eventually('the webhooks answer', async () => {
          const { code } = await patch('older', change, '--dry-run=server');
          return code === 0;
        });
      }
    });

    it('is tolerated and listed, and the server runs', async () => {
      const found = await untilJudged('older');
      expect(conditionOf(found, 'Accepted')).toMatchObject({ status: 'True', reason: 'Valid' });
      expect(conditionOf(found, 'Accepted')?.message).toContain('1 violation is tolerated');
      expect(found.status).toMatchObject({
        extensions: { policy: { generation: 2, tolerated: [{ rule: 'allow-privilege-escalation' }] } },
      });
      await untilCondition(namespace, 'older', { type: 'Verified', status: 'True' });
    });

    it('warns of every change that leaves it, and the change is rolled out', async () => {
      const labelled = await patch('older', { metadata: { labels: { team: 'search' } } });
      expect(labelled).toMatchObject({ code: 0, stderr: expect.stringContaining('(not new)') });
      const { code, stderr } = await patch('older', scaled(2));
      expect(code).toBe(0);
      expect(stderr).toMatch(/^Warning: .*\(not new\) \[allow-privilege-escalation\]$/m);
      await eventually('two replicas', async () => (await rolledOut('older')).includes('"replicas":2'));
      expect(conditionOf(await untilJudged('older'), 'Accepted')?.status).toBe('True');
    });

    it('makes room for no other violation', async () => {
      const { code, stderr } = await patch('older', secure({ privileged: true }));
      expect(code).not.toBe(0);
      expect(stderr).toContain('[privileged]');
      expect(stderr).toMatch(/^Warning: .*\(not new\) \[allow-privilege-escalation\]$/m);
    });

    it('is new when it comes back', async () => {
      expect((await patch('older', secure({ allowPrivilegeEscalation: false }))).code).toBe(0);
      expect((await untilJudged('older')).status).not.toHaveProperty('extensions.policy.tolerated');
      expect((await patch('older', secure(escalating))).stderr).toContain('[allow-privilege-escalation]');
    });
  });
});
