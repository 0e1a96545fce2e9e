import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { startAdmissionLoad } from '../../harness/admission-load.ts';
import { kubectlOk } from '../../harness/kubectl.ts';
import { renewPods, untilComplete } from '../../harness/leader.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilNoneLeaves } from '../../harness/replicas.ts';

describe('while the webhook pods come and go', () => {
  const namespace = useNamespace();

  const whileApplying = async (work: () => Promise<void>): Promise<void> => {
    const load = await startAdmissionLoad(namespace, 'dry runs and applies');
    await work().catch(async (error: unknown) => {
      await load.stop();
      throw error;
    });
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(200);
  };

  it('no create and no update fails when each pod is deleted once', async () => {
    await untilComplete();
    const pods = await untilNoneLeaves();
    expect(pods.length).toBeGreaterThan(1);
    await whileApplying(async () => {
      for (const { metadata } of pods) {
        await kubectlOk(['delete', 'pod', metadata.name, '--namespace', release.namespace]);
        await untilComplete();
      }
    });
  });

  it('no create and no update fails during a rollout', () =>
    whileApplying(async () => {
      await renewPods();
      await untilNoneLeaves();
    }));
});
