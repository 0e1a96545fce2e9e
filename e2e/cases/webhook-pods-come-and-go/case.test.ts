/** @alone it deletes our pods. */
import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { whileAdmitting, type AdmissionLoad } from '../../harness/admission-load.ts';
import { kubectlOk } from '../../harness/kubectl.ts';
import { rollOut, untilComplete } from '../../harness/leader.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { untilReplicasStay } from '../../harness/replicas.ts';

describe('while the webhook pods come and go', () => {
  const namespace = useNamespace();

  const whileApplying = async (work: (load: AdmissionLoad) => Promise<void>): Promise<void> => {
    const failures = await whileAdmitting(
      namespace,
      async (load) => {
        await load.untilMore(20);
        await work(load);
        await load.untilMore(20);
      },
      'dry runs and applies',
    );
    expect(failures).toEqual([]);
  };

  it('no create and no update fails when each pod is deleted once', async () => {
    await untilComplete();
    const pods = await untilReplicasStay();
    expect(pods.length).toBeGreaterThan(1);
    await whileApplying(async ({ during }) => {
      for (const { metadata } of pods) {
        await during(`${metadata.name} was deleted`, () =>
          kubectlOk(['delete', 'pod', metadata.name, '--namespace', release.namespace]),
        );
        await untilComplete();
      }
    });
  });

  it('no create and no update fails during a rollout', () =>
    whileApplying(({ during }) => during('the pods were replaced', rollOut)));
});
