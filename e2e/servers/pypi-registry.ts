// Runs inside the cluster (image pypi-registry): as much of a package index of Python as uvx needs, with one package, `stdio-hello`, whose
// program is an MCP server for stdio without dependencies. https://packaging.python.org/en/latest/specifications/simple-repository-api/
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';

const name = 'stdio-hello';
const version = '1.0.0';
const module = 'stdio_hello';
const file = `${module}-${version}-py3-none-any.whl`;

/** The program of the package: one tool, of MCP 2025-11-25. */
const program = `import json, os, sys

tools = [{"name": "hello", "inputSchema": {"type": "object"}}]
answers = {
    "initialize": lambda: {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "${name}", "version": "${version}"}},
    "tools/list": lambda: {"tools": tools},
    "tools/call": lambda: {"content": [{"type": "text", "text": "hello from " + os.environ["HOME"]}]},
}


def main():
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        answer = answers.get(message["method"])
        said = {"result": answer()} if answer else {"error": {"code": -32601, "message": "Method not found"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)
`;

const info = `${module}-${version}.dist-info`;

/** A wheel: https://packaging.python.org/en/latest/specifications/binary-distribution-format/ */
function wheel(): Buffer {
  const files: readonly (readonly [path: string, text: string])[] = [
    [`${module}.py`, program],
    [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`],
    [`${info}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: mcp-lifecycle\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
    [`${info}/entry_points.txt`, `[console_scripts]\n${name} = ${module}:main\n`],
  ];
  const record = files.map(
    ([path, text]) => `${path},sha256=${digest(text, 'base64url')},${Buffer.byteLength(text)}\n`,
  );
  return zip([...files, [`${info}/RECORD`, `${record.join('')}${info}/RECORD,,\n`]]);
}

/** Stored, not compressed: APPNOTE.TXT of PKWARE, 4.3. */
function zip(files: readonly (readonly [path: string, text: string])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of files) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)];
    const common = Buffer.alloc(26);
    // Version 2.0, no flags, no method, midnight of 1980-01-01.
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    // A regular file that everybody may read.
    place.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    place.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, name, content]);
    parts.push(local);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 3]), common, place, name]));
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}

function digest(content: string | Buffer, encoding: 'hex' | 'base64url'): string {
  return createHash('sha256').update(content).digest(encoding);
}

function main([port]: readonly string[]): void {
  if (port === undefined) throw new Error('usage: pypi-registry PORT');
  const archive = wheel();
  const page = `<!DOCTYPE html><a href="/files/${file}#sha256=${digest(archive, 'hex')}">${file}</a>`;
  createServer(({ url = '' }, response) => {
    if (url === `/simple/${name}/`) response.setHeader('content-type', 'text/html').end(page);
    else if (url === `/files/${file}`) response.end(archive);
    else response.writeHead(404).end();
  }).listen(Number(port));
  process.once('SIGTERM', () => process.exit(0));
}

main(process.argv.slice(2));
