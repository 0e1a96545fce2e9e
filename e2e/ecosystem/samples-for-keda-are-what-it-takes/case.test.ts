/** @alone it installs the ScaledObject of KEDA. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureScaledObjectKind } from '../../../scripts/cluster/packages/keda.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';
import { kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** By name, as the guide shows them. */
const samples = [...readFileSync('docs/guides/autoscaling.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
  .map(([, text = '']) => text)
  .filter((text) => text.includes('kind: ScaledObject'))
  .map((text) => [/^ {2}name: (\S+)$/m.exec(text)?.[1] ?? '', text] as const);

describe('the real ScaledObject of KEDA', () => {
  const namespace = useNamespace();
  let kind = '';

  beforeAll(async () => {
    kind = await ensureScaledObjectKind(resolveSettings({}, process.env).cache);
    await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', kind]);
    await kubectlOk(['wait', '--for=condition=Established', '--timeout=60s', '--filename', kind]);
  }, 600_000);
  afterAll(async () => {
    await kubectlOk(['delete', '--ignore-not-found', '--filename', kind]);
  });

  const create = (text: string): ReturnType<typeof kubectl> =>
    kubectl(
      ['create', '--dry-run=server', '--validate=strict', '--filename', '-'],
      text.replace('namespace: tools', `namespace: ${namespace}`),
    );

  it('is in the guide three times', () => {
    expect(samples.map(([name]) => name)).toEqual(['search-office-hours', 'search-by-tasks', 'files-by-sessions']);
  });

  it.each(samples)('takes %s, with no field that it does not know', async (_, text) => {
    expect(await create(text)).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuses a field that it does not know, so that this says something', async () => {
    const text = samples[0]?.[1] ?? '';
    const { code, stderr } = await create(text.replace('minReplicaCount:', 'minReplicas:'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('minReplicas')]);
  });
});
