import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get } from '../../harness/kubectl.ts';
import { imageOf } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a server that exits whatever it is asked', () => {
  const namespace = useNamespace();

  it('is not said to be unasked: Verified says that it was gone, and where to look', async () => {
    await apply(namespace, {
      apiVersion: 'mcp.x-k8s.io/v1beta1',
      kind: 'MCPServer',
      metadata: { name: 'frailer' },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: imageOf('odd-mcp-server') } },
        config: { port: 8080, arguments: ['8080', 'closes-when-discovered', 'ANY'] },
      },
    });
    const verified = await eventually('Verified says how often it was gone', async () => {
      const server = await get(namespace, 'mcpservers', 'frailer');
      const condition = conditionOf(server, 'Verified');
      return condition?.message.includes('in a row') === true ? { condition, server } : undefined;
    });
    expect(verified.condition).toMatchObject({
      ...{ status: 'Unknown', reason: 'NotVerified' },
      message: expect.stringMatching(
        /: \d\+ times in a row, the server closed the connection when it was asked, .* log/,
      ),
    });
    expect(verified.server?.status).toHaveProperty('extensions.verification.goneWhenAsked');
  });
});
