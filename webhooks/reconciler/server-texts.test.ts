import { describe, expect, it } from '@jest/globals';

import { ServerTexts } from './server-texts.ts';

/** As the API server writes it, with the fields in the order of their names. */
function textOf(index: number): string {
  const name = `team-${index % 20}-server-${index}`;
  const condition = (type: string, reason: string, message: string) => ({
    ...{ lastTransitionTime: `2026-11-30T06:${String(index % 60).padStart(2, '0')}:18Z`, message },
    ...{ observedGeneration: 1, reason, status: 'True', type },
  });
  return JSON.stringify({
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
    metadata: {
      ...{ annotations: {}, creationTimestamp: '2026-11-30T06:05:18Z', generation: 1, name, namespace: 'mcp' },
      ...{ resourceVersion: String(5_114 + index), uid: `b3f1c7a2-52f1-4c0e-9e0b-${String(index).padStart(12, '0')}` },
    },
    spec: {
      config: { env: [{ name: 'REGION', value: `eu-${index}` }], path: '/mcp', port: 8080 },
      runtime: { replicas: 1 },
      source: { containerImage: { ref: `ghcr.io/example/${name}:1.${index}.0` }, type: 'ContainerImage' },
    },
    status: {
      address: { url: `http://${name}.mcp.svc.cluster.local:8080/mcp` },
      conditions: [
        condition('Ready', 'Ready', 'MCP server is serving'),
        condition('Accepted', 'Valid', 'all rules hold'),
        condition('Available', 'Available', '1 of 1 replicas are ready'),
        condition('Verified', 'Verified', `speaks MCP 2026-07-28 (${name} 1.${index}.0)`),
      ],
      ...{ deploymentName: name, observedGeneration: 1, phase: 'Running', readyReplicas: 1, replicas: 1 },
      ...{ selector: `mcp-server=${name}`, serviceName: name },
      serverInfo: {
        capabilities: { completions: false, logging: false, prompts: false, resources: false, tools: true },
        ...{ name, protocolVersion: '2026-07-28', version: `1.${index}.0` },
      },
    },
  });
}

function put(texts: ServerTexts, name: string, text: string): void {
  texts.put(`MCPServer/mcp/${name}`, text, Buffer.byteLength(text));
}

describe('the texts of servers', () => {
  it('take less than half of what they are long, where there are thousands (they took all of it)', () => {
    const texts = new ServerTexts();
    const all = Array.from({ length: 3_000 }, (_, index) => textOf(index));
    for (const [index, text] of all.entries()) put(texts, String(index), text);
    expect(texts.bytes).toBeLessThan(all.reduce((sum, { length }) => sum + length, 0) / 2);
    for (const [index, text] of all.entries()) expect(texts.get(`MCPServer/mcp/${index}`)).toBe(text);
  });

  it('come back as they were, of whatever characters, and none when the server is gone', () => {
    const texts = new ServerTexts();
    const odd = ['', 'ä'.repeat(300), '🔎→\u0001"'.repeat(300), '{}'.repeat(30_000), '\\ud83d'];
    for (const [index, text] of odd.entries()) put(texts, `odd-${index}`, text);
    for (let index = 0; index < 1_500; index += 1) put(texts, String(index), textOf(index));
    expect(odd.map((_, index) => texts.get(`MCPServer/mcp/odd-${index}`))).toEqual(odd);
    for (const index of odd.keys()) texts.drop(`MCPServer/mcp/odd-${index}`);
    for (let index = 0; index < 1_500; index += 1) texts.drop(`MCPServer/mcp/${index}`);
    expect([texts.bytes, texts.get('MCPServer/mcp/odd-1'), texts.get('MCPServer/mcp/1')]).toEqual([
      ...[0, undefined, undefined],
    ]);
  });

  it('are as they came while a server is worked on', () => {
    const texts = new ServerTexts();
    put(texts, 'a', textOf(1));
    expect(texts.bytes).toBe(textOf(1).length);
    put(texts, 'a', textOf(2));
    expect([texts.bytes, texts.get('MCPServer/mcp/a')]).toEqual([textOf(2).length, textOf(2)]);
  });
});
