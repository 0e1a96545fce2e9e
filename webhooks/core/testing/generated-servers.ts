import fc from 'fast-check';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { anMCPServer, withRawSpec } from './builders.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const profile = fc.record({ type: fc.constantFrom('RuntimeDefault', 'Unconfined') });
const capabilities = fc.record(
  { add: fc.subarray(['CAP_SYS_ADMIN', 'CHOWN']), drop: fc.subarray(['ALL', 'KILL']) },
  { requiredKeys: [] },
);
const context = fc.record(
  {
    runAsNonRoot: fc.boolean(),
    runAsUser: fc.nat(),
    privileged: fc.boolean(),
    allowPrivilegeEscalation: fc.boolean(),
    readOnlyRootFilesystem: fc.boolean(),
    capabilities,
    seccompProfile: profile,
    ofALaterVersion: fc.string(),
  },
  { requiredKeys: [] },
);
const podContext = fc.record(
  { runAsNonRoot: fc.boolean(), seccompProfile: profile, 'of/a~later version': fc.string() },
  { requiredKeys: [] },
);
const runtime = fc.record(
  {
    replicas: fc.nat(3),
    resources: fc.constantFrom({}, { limits: { memory: '1Gi' } }),
    security: fc.record({ securityContext: context, podSecurityContext: podContext }, { requiredKeys: [] }),
    health: fc.constantFrom(
      { livenessProbe: { tcpSocket: { port: 1 } } },
      { readinessProbe: { httpGet: { port: 1 } } },
    ),
  },
  { requiredKeys: [] },
);
/** Servers with any of the fields that defaults look at, and fields that nobody knows. */
export const generatedServers: fc.Arbitrary<MCPServer> = optional(runtime).map((value) =>
  anMCPServer(withRawSpec(value === undefined ? {} : { runtime: value })),
);
