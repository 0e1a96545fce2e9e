import { exitCodes } from './cli/exit-code.ts';
import { keepCompiledCode } from './platform/compile-cache.ts';
import { errorText } from './platform/log.ts';
import type { ProgramProcess } from './programs/serve.ts';

/**
 * What runs in a cluster. Each is imported when it is asked for, and in the image it is a file of its own
 * (scripts/image/bundle.ts): a program must not pay memory for the others.
 */
const programs: Readonly<Record<string, (process: ProgramProcess) => Promise<number>>> = {
  webhook: async (own) => (await import('./programs/webhook.ts')).runWebhook(own),
  reconciler: async (own) => (await import('./programs/reconciler.ts')).runReconciler(own),
  bridge: async (own) => (await import('./programs/bridge.ts')).runBridge(own),
  'await-admission': async (own) => (await import('./programs/await-admission.ts')).runAwaitAdmission(own),
  'network-target': async (own) => (await import('./programs/network-target.ts')).runNetworkTarget(own),
};

async function main(words: readonly string[], own: ProgramProcess): Promise<number> {
  const [name = '', ...args] = words;
  const program = Object.hasOwn(programs, name) && args.length === 0 ? programs[name] : undefined;
  if (program !== undefined) return program(own);
  // Of programs that run for weeks it would only be more memory.
  keepCompiledCode(own.env);
  return (await import('./cli/main.ts')).runCommandLine(words, own);
}

main(process.argv.slice(2), { env: process.env, script: process.argv[1] ?? '' }).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exitCode = exitCodes.crashed;
  },
);
