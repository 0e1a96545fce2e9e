// Runs inside the cluster (image stdio-mcp-server): a real MCP server over standard input and output, of the official SDK. With
// `legacy` it speaks 2025-11-25 and older only. Its tools tell of the process that answers.
import { McpServer, type CallToolResult } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';

const say = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });

/** How often this process was asked to count. */
let count = 0;

function createServer(): McpServer {
  const server = new McpServer({ name: 'stdio-mcp-server', version: '1.0.0' });
  server.registerTool('count', { description: 'Counts the calls of this process.' }, () => say(String((count += 1))));
  server.registerTool('environment', { description: 'Says what TOKEN is.' }, () => say(process.env['TOKEN'] ?? ''));
  server.registerTool('process', { description: 'Says who and where it is.' }, () =>
    say(JSON.stringify({ uid: process.getuid?.(), cwd: process.cwd(), argv: process.argv.slice(2) })),
  );
  return server;
}

async function main([era]: readonly string[]): Promise<void> {
  if (era === 'legacy') await createServer().connect(new StdioServerTransport());
  else serveStdio(createServer);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
