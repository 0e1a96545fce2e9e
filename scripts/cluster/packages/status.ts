import http from 'node:http';
import { isAlive, readFirstChild, readHostPids } from '../process-identity.ts';
import type { PackagesState } from '../state.ts';
import type { StepStatus, SupervisorStatus } from './control.ts';
import { controlSocket } from './layout.ts';

/** A step with the pid that the machine knows. */
export interface ComponentStatus extends StepStatus {
  readonly pid?: number;
}

export type PackagesStatus =
  | { readonly type: 'ended' }
  /** The processes run but the supervisor does not answer (yet). */
  | { readonly type: 'silent' }
  | { readonly type: 'answered'; readonly hasStarted: boolean; readonly components: readonly ComponentStatus[] };

export async function readPackagesStatus(state: PackagesState): Promise<PackagesStatus> {
  if (state.process === undefined || !isAlive(state.process)) return { type: 'ended' };
  const init = readFirstChild(state.process.pid);
  const status = init === undefined ? undefined : await askSupervisor(init);
  if (init === undefined || status === undefined) return { type: 'silent' };
  const hostPids = readHostPids(init);
  const components = status.steps.map((step): ComponentStatus => {
    const pid = step.innerPid === undefined ? undefined : hostPids.get(step.innerPid);
    return { ...step, ...(pid === undefined ? {} : { pid }) };
  });
  return { type: 'answered', hasStarted: status.hasStarted, components };
}

const answerTimeoutMs = 5000;

/** The socket lies in the cluster's own /run, which the machine sees through its process 1. */
function askSupervisor(init: number): Promise<SupervisorStatus | undefined> {
  return new Promise((resolve) => {
    const request = http.get(
      { socketPath: `/proc/${init}/root${controlSocket}`, timeout: answerTimeoutMs },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.once('close', () => {
          resolve(response.complete ? (JSON.parse(body) as SupervisorStatus) : undefined);
        });
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => {
      resolve(undefined);
    });
  });
}
