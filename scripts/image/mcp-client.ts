// Runs inside the cluster (image mcp-client): connects the official MCP client to a server, lists its tools and calls
// one. Without --stateless it begins with a handshake. Prints one JSON document; exits 1 with one sentence when the server
// does not answer.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const usage = 'usage: mcp-client [--stateless] URL [TOOL [ARGUMENTS as JSON]]';
const stateless = '--stateless';

async function main(args: readonly string[]): Promise<void> {
  const [url, tool, toolArguments = '{}'] = args.filter((one) => one !== stateless);
  if (url === undefined) throw new Error(usage);
  const mode = args.includes(stateless) ? { pin: '2026-07-28' } : 'legacy';
  const client = new Client({ name: 'mcp-lifecycle-quickstart', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const { tools } = await client.listTools();
  const result =
    tool === undefined
      ? undefined
      : await client.callTool({ name: tool, arguments: JSON.parse(toolArguments) as Record<string, unknown> });
  process.stdout.write(
    `${JSON.stringify({
      server: client.getServerVersion(),
      protocolVersion: client.getNegotiatedProtocolVersion(),
      tools: tools.map(({ name }) => name),
      result,
    })}\n`,
  );
  await client.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
