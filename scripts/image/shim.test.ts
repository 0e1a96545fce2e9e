import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../cluster/command.ts';
import { architectures, buildShim, shimBuild, type Architecture } from './shim.ts';

/** `e_machine` of an ELF file. */
const machines: Record<Architecture, number> = { amd64: 62, arm64: 183, ppc64le: 21, s390x: 22 };

/** Of a 64-bit ELF file: for which machine it is, and the types of its program headers. */
function readElf(bytes: Uint8Array): { readonly machine: number; readonly headers: readonly number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(view.getUint32(0)).toBe(0x7f454c46);
  const isLittle = view.getUint8(5) === 1;
  const start = Number(view.getBigUint64(32, isLittle));
  const size = view.getUint16(54, isLittle);
  const headers = Array.from({ length: view.getUint16(56, isLittle) }, (_, i) =>
    view.getUint32(start + i * size, isLittle),
  );
  return { machine: view.getUint16(18, isLittle), headers };
}

describe('the shim', () => {
  it.each(architectures)('is one static file of less than 3 MiB for %s', async (architecture) => {
    const shim = await buildShim(architecture);
    const { machine, headers } = readElf(shim);
    expect(machine).toBe(machines[architecture]);
    const [load, interpreter] = [1, 3];
    expect(headers).toContain(load);
    expect(headers).not.toContain(interpreter);
    expect(shim.byteLength).toBeLessThan(3 * 1024 * 1024);
  });

  it('is the same each time, so that an image is built again only when it changes', async () => {
    expect(Buffer.compare(await buildShim(), await buildShim())).toBe(0);
  });

  it('is built by the Dockerfile in the same way', () => {
    const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
    const flags = shimBuild.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ');
    expect(dockerfile).toContain(
      `RUN CGO_ENABLED=0 GOOS=linux GOARCH=\${TARGETARCH} ${flags} -o /mcp-lifecycle/shim .`,
    );
  });
});

describe('the shim, installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shim-'));
  const socketPath = join(folder, 'run', 'stdio.sock');
  beforeAll(async () => {
    const built = join(folder, 'built');
    writeFileSync(built, await buildShim(), { mode: 0o755 });
    expect(await runCommand([built, 'install', folder])).toEqual({ code: 0, stdout: '', stderr: '' });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('starts a server of Node for a connection, and ends it with that', async () => {
    const script =
      "process.stdin.on('data', (text) => process.stdout.write('got ' + text)).on('end', () => process.exit(3))";
    const listen = ['listen', '--socket', socketPath, '--grace', '30s', '--', process.execPath, '-e', script];
    const shim = spawn(join(folder, 'shim'), listen, { stdio: ['ignore', 'ignore', 'pipe'] });
    const control = await dial(socketPath, { shim: 1, kind: 'control' });
    const child = await dial(socketPath, { shim: 1, kind: 'child', label: '0000cafe' });
    expect(JSON.parse(await child.line())).toEqual({ ok: true, pid: expect.any(Number) });
    child.socket.write('{"jsonrpc":"2.0"}\n');
    expect(await child.line()).toBe('got {"jsonrpc":"2.0"}');
    child.socket.end();
    expect(JSON.parse(await control.line())).toEqual({ ok: true, pid: shim.pid });
    expect(JSON.parse(await control.line())).toEqual({ event: 'exit', label: '0000cafe', code: 3, signal: null });
    const exited = once(shim, 'exit');
    shim.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    control.socket.destroy();
  });
});

async function dial(path: string, hello: unknown) {
  for (;;) {
    const socket = connect(path);
    const error = await Promise.race([once(socket, 'connect').then(() => undefined), once(socket, 'error')]);
    if (error !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    socket.write(`${JSON.stringify(hello)}\n`);
    return {
      socket,
      line: async (): Promise<string> => {
        const next = await lines.next();
        return next.done === true ? '' : next.value;
      },
    };
  }
}
