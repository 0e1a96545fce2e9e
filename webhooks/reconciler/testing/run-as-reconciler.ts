import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * As image and chart start the reconciler (scripts/bench/admission/webhook-flags.ts), with three more for the heap: from
 * source the program takes nine before it reads anything.
 */
const flags = ['--no-concurrent-recompilation', '--max-semi-space-size=1', '--max-old-space-size=32'];

/** Runs the module in a process with the heap of the reconciler; says how it ended. For tests. */
export async function runAsReconciler(program: string): Promise<string> {
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 2_000);
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code === 0 ? 'ended well' : `ended with ${String(code ?? signal)}: ${said}`;
}
