import { expect, it } from '@jest/globals';
import { writeListed } from '../core/contract/listed-tools.ts';
import type { MCPServerStatus, ToolContractSettings } from '../core/mcpserver/types.gen.ts';
import type { ToolsSeen, Verification } from '../core/plan/observed.ts';
import { nextStatus } from '../core/plan/status.ts';
import { anMCPServer, withGeneration, withSpec } from '../core/testing/builders.ts';
import { believedVerification } from './believed.ts';

const capabilities = { tools: true, resources: false, prompts: false, logging: false, completions: false };
const serverInfo = { name: 'search', version: '1', protocolVersion: '2026-07-28', capabilities };
const lists = (tools: ToolsSeen | undefined, notCounted?: string): Verification => ({
  ...{ state: 'verified', era: 'stateless', serverInfo, offers: {} },
  ...(tools === undefined ? {} : { tools }),
  ...(notCounted === undefined ? {} : { notCounted }),
});
const seen = (digit: string, hidden = 0): ToolsSeen => {
  const tool = { interface: '01234567', wording: '89abcdef', readOnly: true, destructive: false, openWorld: false };
  const listed = writeListed([{ ...tool, name: 'search' }]);
  return { digest: `sha256:${digit.repeat(64)}`, listed, truncated: 80, truncatedNotReadOnly: hidden };
};
const unstable: ToolsSeen = { reason: 'ContractUnstable', why: 'two lists of its tools in a row differ' };

it.each<[string, ToolContractSettings, readonly Verification[], string]>([
  ['are the accepted ones', { mode: 'Pin' }, [lists(seen('1'))], 'True/Verified'],
  ['are others', { mode: 'Pin' }, [lists(seen('1')), lists(seen('2'))], 'False/ToolContractChanged'],
  ['have no digest any more', { mode: 'Pin' }, [lists(seen('1')), lists(unstable)], 'False/ToolContractChanged'],
  ['never had a digest', { mode: 'Pin' }, [lists(unstable)], 'Unknown/ToolContractUnknown'],
  [
    'cannot be listed any more (the list of before was believed, and it was green)',
    { mode: 'Pin' },
    [lists(seen('1')), lists(undefined, 'tools/list failed: HTTP 500')],
    'Unknown/ToolContractUnknown',
  ],
  [
    'are for those with credentials',
    { mode: 'Pin' },
    [{ state: 'auth-required', statusCode: 403 }],
    'Unknown/ToolContractUnknown',
  ],
  [
    'are not all read-only, beyond those in status',
    { allow: 'ReadOnly' },
    [lists(seen('1', 3))],
    'False/ToolNotAllowed',
  ],
  ['are all read-only', { allow: 'ReadOnly' }, [lists(seen('1'))], 'True/Verified'],
])(
  'what is said of a server whose tools %s is said after a restart, and nothing is written',
  (_, toolContract, answers, said) => {
    const server = anMCPServer(withGeneration(1), withSpec({ extensions: { toolContract } }));
    const round = (previous: MCPServerStatus | undefined, verification: Verification): MCPServerStatus =>
      nextStatus({
        ...{ server, previous, verification, accepted: { state: 'valid' }, serviceExists: true },
        ...{ clusterDomain: 'cluster.local', now: '2026-01-01T00:00:00Z' },
        serving: { generation: 1, podSet: 'a', isRolling: false },
        answeredBy: { generation: 1, podSet: 'a' },
        deployment: {
          ...{ generation: 1, observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
          conditions: [{ type: 'Available', status: 'True' }],
        },
      });
    const status = answers.reduce<MCPServerStatus | undefined>(round, undefined);
    const verified = status?.conditions?.find(({ type }) => type === 'Verified');
    expect(`${verified?.status ?? ''}/${verified?.reason ?? ''}`).toBe(said);
    const believed = believedVerification(status);
    expect(believed).toBeDefined();
    expect(round(status, believed?.verification ?? { state: 'not-attempted' })).toBe(status);
    expect(round(status, { state: 'not-attempted' })).toBe(status);
  },
);
