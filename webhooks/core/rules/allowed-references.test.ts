import { expect, it } from '@jest/globals';
import { referencesOf } from '../mcpserver/references.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { configMapAllowed } from './config-map-allowed.ts';
import { secretAllowed } from './secret-allowed.ts';
import { serviceAccountAllowed } from './service-account-allowed.ts';

/** Names an object of each kind at every place where one can be named. */
const server = anMCPServer(
  withSpec({
    source: { containerImage: { imagePullSecrets: [{ name: 'pull' }] } },
    config: {
      env: [
        { name: 'A', valueFrom: { secretKeyRef: { name: 'variable', key: 'k' } } },
        { name: 'B', valueFrom: { configMapKeyRef: { name: 'variable', key: 'k' } } },
      ],
      envFrom: [{ secretRef: { name: 'bulk' } }, { configMapRef: { name: 'bulk', optional: true } }],
      storage: [
        { path: '/a', source: { type: 'Secret', secret: { secretName: 'files', optional: true } } },
        { path: '/b', source: { type: 'ConfigMap', configMap: { name: 'files' } } },
      ],
    },
    transport: { tls: { enabled: true, caBundleSecret: { name: 'ca' } } },
    runtime: { security: { serviceAccountName: 'account' } },
  }),
);

const rules = [configMapAllowed, secretAllowed, serviceAccountAllowed];

function pathsOf(allowed: readonly string[]): readonly string[] {
  const findings = evaluateRules(rules, { server, facts: inMemoryFacts() }, { allowed });
  return findings.map(({ path }) => renderPath(path));
}

it('finds every reference that there is', () => {
  const references = referencesOf(server).map(({ path }) => renderPath(path));
  expect([...pathsOf([])].sort()).toEqual([...references].sort());
  expect(references).toHaveLength(9);
});

it('finds nothing where all names are allowed, each by itself or by a glob', () => {
  expect(pathsOf(['pull', 'variable', 'b*', '*iles', 'c*a', 'account'])).toEqual([]);
  expect(pathsOf(['*'])).toEqual([]);
});

it('allows no name for being a part of another one', () => {
  expect(pathsOf(['pul', 'variables', 'ulk', '', 'file', 'cacert', 'accoun'])).toHaveLength(9);
});
