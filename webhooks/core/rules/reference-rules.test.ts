import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import type { ReferenceFacts } from '../engine/facts.ts';
import { renderLine, renderWarning } from '../engine/render.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import type { MCPServer, StorageMount } from '../mcpserver/types.gen.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { caBundleUsable } from './ca-bundle-usable.ts';
import { configMapKeyExists } from './config-map-key-exists.ts';
import { rules as everyRule } from './index.gen.ts';

/** Those that judge without a policy. */
const rules = everyRule.filter(({ isOptIn }) => isOptIn !== true);

const server = anMCPServer(
  withSpec({
    config: {
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'token' } }],
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'more', key: 'a' } } }],
    },
  }),
);

const lines = (facts = inMemoryFacts(), of: MCPServer = server): readonly string[] =>
  evaluateRules(rules, { server: applyDefaults(of), facts }).map((finding) => renderLine(finding));

describe('references', () => {
  it('are each named at their place when they are missing', () => {
    expect(lines()).toMatchInlineSnapshot(`
     [
       "spec.config.env[0].valueFrom.configMapKeyRef.name: ConfigMap 'more' not found in namespace 'mcp': the server stays Accepted=False until it exists. Create it, correct the name, or mark the reference as optional. [config-map-exists]",
       "spec.config.envFrom[0].configMapRef.name: ConfigMap 'settings' not found in namespace 'mcp': the server stays Accepted=False until it exists. Create it, correct the name, or mark the reference as optional. [config-map-exists]",
       "spec.config.envFrom[1].secretRef.name: Secret 'token' not found in namespace 'mcp': the server stays Accepted=False until it exists. Create it, correct the name, or mark the reference as optional. [secret-exists]",
     ]
    `);
  });

  it('are said to be not checked when nobody could look', () => {
    expect(
      lines(
        inMemoryFacts({
          configMaps: { more: ['a'] },
          secrets: { token: [] },
          unknown: { 'ConfigMap/settings': 'timed out after 3s' },
        }),
      ),
    ).toMatchInlineSnapshot(`
     [
       "spec.config.envFrom[0].configMapRef.name: ConfigMap 'settings' not checked: timed out after 3s. Make sure that it exists. [config-map-exists]",
     ]
    `);
  });

  it('to objects of the cluster are missing in no namespace', () => {
    const extensions = { scheduling: { runtimeClassName: 'kata' }, storage: [{ claimName: 'index', path: '/index' }] };
    expect(lines(inMemoryFacts(), anMCPServer(withSpec({ extensions })))).toEqual([
      expect.stringContaining("RuntimeClass 'kata' not found: no pod is created until it exists"),
      expect.stringContaining("PersistentVolumeClaim 'index' not found in namespace 'mcp': the pods wait until"),
    ]);
  });

  it('to objects without the key that is used are named at the key, and only then', () => {
    const facts = inMemoryFacts({
      configMaps: { settings: [], more: ['f', 'e', 'd', 'c', 'b', 'aa'] },
      secrets: { token: [] },
    });
    expect(lines(facts)).toMatchInlineSnapshot(`
     [
       "spec.config.env[0].valueFrom.configMapKeyRef.key: no key 'a' in ConfigMap 'more': found 'aa', 'b', 'c', 'd', 'e' and more; the server stays Accepted=False until it exists. Add the key, correct its name, or mark the reference as optional. [config-map-key-exists]",
     ]
    `);
  });

  it('without the key that is used keep its name in a warning that is too long', () => {
    const [name, key] = ['search-server-configuration', 'config.production.toml'];
    const configMap = { name, items: [{ key, path: 'config.toml' }] };
    const storage: StorageMount[] = [{ path: '/etc/search', source: { type: 'ConfigMap', configMap } }];
    const mounted = anMCPServer(withSpec({ config: { storage } }));
    const findings = evaluateRules([configMapKeyExists], {
      server: mounted,
      facts: inMemoryFacts({ configMaps: { [name]: [] } }),
    });
    expect(findings.map(renderWarning)).toEqual([
      "spec.config.storage[0].source.configMap.items[0].key: no key 'config.production.toml' in Conf... [config-map-key-exists]",
    ]);
  });

  it('to what the pods need besides their configuration are told with what follows from it', () => {
    const other = anMCPServer(
      withSpec({
        source: { containerImage: { imagePullSecrets: [{ name: 'registry' }] } },
        runtime: { security: { serviceAccountName: 'search' } },
      }),
    );
    expect(lines(inMemoryFacts(), other)).toMatchInlineSnapshot(`
     [
       "spec.runtime.security.serviceAccountName: ServiceAccount 'search' not found in namespace 'mcp': no pod is created until it exists. Create it, or correct the name. [service-account-exists]",
       "spec.source.containerImage.imagePullSecrets[0].name: Secret 'registry' not found in namespace 'mcp': the image is pulled without its credentials until it exists. Create it, correct the name, or remove it from the list. [image-pull-secret-exists]",
     ]
    `);
  });

  it('show the names of no other keys of a Secret', () => {
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } }];
    const facts = inMemoryFacts({ secrets: { token: ['hunter2'] } });
    const found = lines(facts, anMCPServer(withSpec({ config: { env } })));
    expect(found).toEqual([expect.stringContaining('[secret-key-exists]')]);
    expect(found.join()).not.toContain('hunter2');
  });
});

describe('a CA bundle', () => {
  const trusting = anMCPServer(withSpec({ transport: { tls: { enabled: true, caBundleSecret: { name: 'ca' } } } }));
  const found = (caBundle?: 'usable' | 'none' | 'too-large'): ReferenceFacts => ({
    lookUp: () => ({
      state: 'found',
      keys: new Set(['ca.crt']),
      ...(caBundle === undefined ? {} : { caBundle }),
    }),
  });

  it.each([
    ['holds certificates', 'usable', []],
    ['was not read', undefined, []],
    ['holds none', 'none', ["TLS CA bundle Secret 'ca' contains no valid PEM certificates"]],
    ['holds too many', 'too-large', ["TLS CA bundle Secret 'ca' contains too many certificates"]],
  ] as const)('that %s', (_, caBundle, wanted) => {
    const findings = evaluateRules([caBundleUsable], { server: trusting, facts: found(caBundle) });
    expect(findings.map(({ headline }) => headline)).toEqual(wanted);
  });
});
