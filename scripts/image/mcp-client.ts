// Runs inside the cluster (image mcp-client): connects the official MCP client to a server, lists its tools and calls
// one. Prints one JSON document; exits 1 with one sentence when the server does not answer.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const usage = 'usage: mcp-client URL [TOOL [ARGUMENTS as JSON]]';

async function main([url, tool, toolArguments = '{}']: readonly string[]): Promise<void> {
  if (url === undefined) throw new Error(usage);
  const client = new Client({ name: 'mcp-lifecycle-quickstart', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const { tools } = await client.listTools();
  const result =
    tool === undefined
      ? undefined
      : await client.callTool({ name: tool, arguments: JSON.parse(toolArguments) as Record<string, unknown> });
  process.stdout.write(
    `${JSON.stringify({ server: client.getServerVersion(), tools: tools.map(({ name }) => name), result })}\n`,
  );
  await client.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
