// Runs inside the cluster (image npm-registry): as much of a registry of npm as npx needs, with one package, `stdio-hello`, whose program is
// an MCP server for stdio without dependencies. https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

const name = 'stdio-hello';
const version = '1.0.0';

/** The program of the package: one tool, of MCP 2025-11-25. */
const program = `#!/usr/bin/env node
const tools = [{ name: 'hello', inputSchema: { type: 'object' } }];
const answers = {
  initialize: () => ({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: '${name}', version: '${version}' } }),
  'tools/list': () => ({ tools }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'hello from ' + process.env.HOME }] }),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method];
  const said = answer === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result: answer() };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...said }) + '\\n');
});
`;

const manifest = { name, version, bin: { [name]: 'server.js' } };

/** A block of a tar archive in the format of POSIX.1-1988. */
function entry(path: string, text: string): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(path, 0);
  header.write(octal(0o755, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function main([port, host]: readonly string[]): void {
  if (port === undefined || host === undefined) throw new Error('usage: npm-registry PORT HOST');
  const files = [entry('package/package.json', JSON.stringify(manifest)), entry('package/server.js', program)];
  const archive = gzipSync(Buffer.concat([...files, Buffer.alloc(1024)]));
  const dist = {
    tarball: `http://${host}:${port}/${name}/-/${name}-${version}.tgz`,
    integrity: `sha512-${createHash('sha512').update(archive).digest('base64')}`,
  };
  const packument = JSON.stringify({
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
  });
  createServer(({ url = '' }, response) => {
    if (url === `/${name}`) response.setHeader('content-type', 'application/json').end(packument);
    else if (url.endsWith('.tgz')) response.end(archive);
    else response.writeHead(404).end();
  }).listen(Number(port));
  process.once('SIGTERM', () => process.exit(0));
}

main(process.argv.slice(2));
