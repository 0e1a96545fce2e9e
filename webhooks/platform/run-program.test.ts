import { describe, expect, it } from '@jest/globals';
import { runProgram } from './run-program.ts';

const limits = { env: {}, timeoutMs: 30_000, maxBytes: 1000 };
const node = (script: string, given: Partial<typeof limits> = {}) =>
  runProgram(process.execPath, ['-e', script, '--', '$HOME; a b'], { ...limits, ...given });

describe('a program', () => {
  it('gets its arguments as they are, and no input', async () => {
    const script = 'process.stdin.on("end", () => process.stdout.write(process.argv.at(-1))).resume()';
    const result = await node(script);
    expect(result).toEqual({ type: 'done', stdout: Buffer.from('$HOME; a b') });
  });

  it('that fails is quoted', async () => {
    const result = await node('process.stderr.write("no such chart"); process.exitCode = 3');
    expect(result).toEqual({ type: 'failed', said: 'no such chart' });
  });

  it('that does not exist is missing', async () => {
    expect(await runProgram('mcp-lifecycle-no-such-program', [], limits)).toEqual({ type: 'missing' });
  });

  it('that does not end is ended', async () => {
    expect(await node('setInterval(() => 0, 1000)', { timeoutMs: 200 })).toEqual({ type: 'timeout' });
  });

  it('that prints without end is ended', async () => {
    expect(await node('process.stdout.write("x".repeat(100_000))')).toEqual({ type: 'too-much' });
  });
});
