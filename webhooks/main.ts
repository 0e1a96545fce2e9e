import { errorText } from './platform/log.ts';

/**
 * What runs in a cluster. Each is imported when it is asked for, and in the image it is a file of its own
 * (scripts/image/bundle.ts): a program must not pay memory for the others.
 */
const programs: Readonly<Record<string, () => Promise<number>>> = {
  webhook: async () => (await import('./programs/webhook.ts')).runWebhook(),
  reconciler: async () => (await import('./programs/reconciler.ts')).runReconciler(),
  'await-admission': async () => (await import('./programs/await-admission.ts')).runAwaitAdmission(),
};

async function main(words: readonly string[]): Promise<number> {
  const [name = '', ...args] = words;
  const program = Object.hasOwn(programs, name) && args.length === 0 ? programs[name] : undefined;
  return program === undefined ? (await import('./cli/main.ts')).runCommandLine(words) : program();
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exitCode = 3;
  },
);
