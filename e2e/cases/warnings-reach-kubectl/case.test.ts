import { describe, expect, it } from '@jest/globals';
import { kubectl } from '../../harness/kubectl.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a manifest with something to warn about', () => {
  const namespace = useNamespace();

  it.each([
    {
      what: 'a missing Secret',
      spec: { config: { port: 8080, envFrom: [{ secretRef: { name: 'token' } }] } },
      warning: /^Warning: .*token.*$/m,
    },
    {
      what: 'memory in thousandths of a byte',
      spec: { runtime: { security: { serviceAccountName: 'default' }, resources: { limits: { memory: '64m' } } } },
      warning: /^Warning: spec\.runtime\.resources\.limits\.memory: .* \[byte-amounts-plausible\]$/m,
    },
    {
      what: 'a gateway without the ConfigMap that names it',
      spec: { gateway: { provider: 'httproute' } },
      warning: /^Warning: .*gateway.*$/m,
    },
    {
      what: 'a credential in a variable',
      spec: { config: { port: 8080, env: [{ name: 'GITHUB_TOKEN', value: 'as-it-is-written' }] } },
      warning: /^Warning: spec\.config\.env\[0\]\.value: .* \[no-plain-credentials\]$/m,
    },
  ])('is admitted, and kubectl prints the warning: $what', async ({ spec, warning }) => {
    const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
    const { code, stdout, stderr } = await kubectl(args, kubernetesServer('search', spec));
    expect(stderr).toMatch(warning);
    expect(stderr).not.toContain('as-it-is-written');
    expect(stdout).toContain('created (server dry run)');
    expect(code).toBe(0);
  });

  it('is admitted in silence when there is nothing to say', async () => {
    const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
    const { code, stderr } = await kubectl(args, kubernetesServer('search'));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});
