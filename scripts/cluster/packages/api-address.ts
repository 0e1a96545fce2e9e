import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireCommand, runCommand } from '../command.ts';
import { ClusterFailure } from '../failure.ts';

const pollMs = 500;
/** The API server looks at its Service every ten seconds. */
const timeoutMs = 60_000;

/**
 * An API server that is started with another port than before leaves the old one at its Service `kubernetes`, where nothing
 * answers pods any more. It writes what is gone anew.
 */
export async function renewApiAddress(kubeconfig: string, toolsPath: string): Promise<void> {
  const kubectl = [path.join(toolsPath, 'kubectl'), '--kubeconfig', kubeconfig, '--namespace', 'default'];
  const advice = 'run `up` again';
  await requireCommand(
    [...kubectl, 'delete', 'endpoints,endpointslices', '--field-selector', 'metadata.name=kubernetes'],
    advice,
  );
  const deadline = Date.now() + timeoutMs;
  while ((await runCommand([...kubectl, 'get', 'endpointslice', 'kubernetes'])).code !== 0) {
    if (Date.now() > deadline)
      throw new ClusterFailure(`The API server does not tell pods where it is: ${advice}, or \`down\` and \`up\`.`);
    await sleep(pollMs);
  }
}
