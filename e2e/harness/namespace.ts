import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { eventually } from './eventually.ts';
import { get, kubectl, kubectlOk } from './kubectl.ts';

/**
 * A namespace for the cases of one file, created before and deleted after them; nothing that a case makes in it can
 * meet another case. Call at the top of `describe`.
 */
export function useNamespace(labels: Readonly<Record<string, string>> = {}): string {
  const name = `e2e-${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    await kubectlOk(['create', '--filename', '-'], {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'mcp-lifecycle/e2e': 'true', ...labels } },
    });
    // No pod is admitted before a controller has made it.
    await eventually(`${name} has its ServiceAccount`, () => get(name, 'serviceaccounts', 'default'));
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
  });
  return name;
}
