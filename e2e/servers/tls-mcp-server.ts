// Runs inside the cluster (image tls-mcp-server): a real MCP server that serves HTTPS with the certificate in the folder
// that it is given (tls.crt, tls.key). What it offers is one tool.
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';

const usage = 'usage: tls-mcp-server PORT FOLDER';

function main([port, folder]: readonly string[]): void {
  if (port === undefined || folder === undefined) throw new Error(usage);
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'tls-mcp-server', version: '1.0.0' });
    server.registerTool('echo', { description: 'Says it again.' }, () => ({
      content: [{ type: 'text', text: 'again' }],
    }));
    return server;
  });
  // The SDK's own types were not written with exactOptionalPropertyTypes in mind.
  const listen = toNodeHandler(handler) as unknown as (...pair: Parameters<RequestListener>) => Promise<void>;
  const files = { cert: readFileSync(`${folder}/tls.crt`), key: readFileSync(`${folder}/tls.key`) };
  createServer(files, (request, response) => void listen(request, response)).listen(Number(port));
  process.once('SIGTERM', () => process.exit(0));
}

main(process.argv.slice(2));
