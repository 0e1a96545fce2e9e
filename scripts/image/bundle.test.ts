import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { nodeGuard } from './bundle.ts';

/** What the guard says, and the exit code that it ends the process with. */
function runOn(version: string): { readonly said: string; readonly code: number | undefined } {
  let said = '';
  let code: number | undefined;
  const process = {
    version: `v${version}`,
    versions: { node: version },
    stderr: { write: (text: string) => (said += text) },
    exit: (with_: number) => (code = with_),
  };
  runInNewContext(nodeGuard, { process });
  return { said, code };
}

describe('the first lines of the bundle', () => {
  it.each(['20.12.0', '22.0.0', '24.21.0', '100.1.0'])('say nothing on Node %s', (version) => {
    expect(runOn(version)).toEqual({ said: '', code: undefined });
  });

  it.each(['20.11.1', '18.20.8', '4.9.1'])('end with 2 on Node %s, and say what is needed', (version) => {
    expect(runOn(version)).toEqual({
      said: `mcp-lifecycle needs Node 20.12 or newer, found v${version}: run it with a newer one, or from its image.\n`,
      code: 2,
    });
  });

  it('use no syntax that an old Node does not read', () => {
    expect(nodeGuard).not.toMatch(/const |let |=>|`|\?\.|\?\?/);
  });
});
