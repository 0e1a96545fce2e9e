import { describe, expect, it } from '@jest/globals';
import { apply, get, list } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { rolloutOf, untilRolledOut } from '../../harness/rollouts.ts';

describe('a server that is broken already', () => {
  const namespace = useNamespace();

  it.each([
    ['does not speak MCP', 'mute', { arguments: ['8080', 'redirects'] }, 'Verified'],
    ['does not start', 'crashing', { arguments: ['no-port'] }, 'Available'],
  ])('and %s is repaired without being proven first', async (_, name, config, condition) => {
    await apply(namespace, oddServer(name, 'good', { config: { port: 8080, ...config } }));
    await untilCondition(namespace, name, { type: condition, status: 'False' });
    await apply(namespace, oddServer(name, 'good'));
    await untilRolledOut(namespace, name);
    expect(rolloutOf(await get(namespace, 'mcpservers', name))).toBeUndefined();
    const events = await list({ namespace }, 'events.events.k8s.io');
    expect(events.map(({ reason }) => reason)).not.toContain('RolloutProving');
  });
});
