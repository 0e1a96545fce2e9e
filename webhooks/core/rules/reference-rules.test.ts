import { describe, expect, it } from '@jest/globals';
import { renderLine } from '../engine/render.ts';
import { evaluate } from '../engine/evaluate.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { configMapExists } from './config-map-exists.ts';
import { secretExists } from './secret-exists.ts';

const server = anMCPServer(
  withSpec({
    config: {
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'token' } }],
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'more', key: 'a' } } }],
    },
  }),
);

const lines = (facts = inMemoryFacts()): readonly string[] =>
  evaluate([secretExists, configMapExists], { server, facts }).map((finding) => renderLine(finding));

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
          configMaps: { more: [] },
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
});
