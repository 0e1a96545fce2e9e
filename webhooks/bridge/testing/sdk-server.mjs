// A server that is built with the official SDK and speaks both eras: the first message of a connection decides.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

serveStdio(() => {
  const server = new McpServer(
    { name: 'both', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, logging: {} } },
  );
  server.registerTool('echo', { description: 'says it again' }, () => ({ content: [{ type: 'text', text: 'again' }] }));
  server.registerTool('grow', { description: 'has one tool more' }, () => {
    server.registerTool(`more-${Date.now()}`, { description: 'new' }, () => ({ content: [] }));
    return { content: [{ type: 'text', text: 'grown' }] };
  });
  return server;
});
