// Runs inside the cluster's namespaces, as the only child of init.sh: starts the steps of a plan in their order, keeps
// services running, forwards the host's API port into the cluster, and answers how it all goes on a control socket.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { passes } from './checks.ts';
import type { StepStatus, SupervisorStatus } from './control.ts';
import { forward } from './forward.ts';
import { controlSocket } from './layout.ts';
import type { Check, Plan, Step } from './plan.ts';

const pollMs = 100;
const firstRestartDelayMs = 200;
const longestRestartDelayMs = 5000;

/** Only what programs need to find each other; a proxy setting of the user's shell would lead components astray. */
const componentEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };

class RunningStep {
  readonly step: Step;
  readonly #plan: Plan;
  readonly #planFile: string;
  #state: StepStatus['state'] = 'waiting';
  #child: ChildProcess | undefined;
  #exits = 0;

  constructor(step: Step, plan: Plan, planFile: string) {
    this.step = step;
    this.#plan = plan;
    this.#planFile = planFile;
  }

  /** Begins, and ends as soon as it works for the first time. */
  async start(): Promise<void> {
    this.#state = 'starting';
    if (this.step.kind === 'task') return this.#runToSuccess(this.step.command);
    if (this.step.kind === 'service') this.#keepRunning(this.step.command);
    return this.#waitUntilHealthy(this.step.check);
  }

  async status(isFresh: boolean): Promise<StepStatus> {
    if (isFresh && this.step.kind !== 'task') {
      this.#state = (await passes(this.step.check, this.#plan)) ? 'healthy' : 'unhealthy';
    }
    const innerPid = this.#child?.pid;
    return {
      name: this.step.name,
      state: this.#state,
      exits: this.#exits,
      ...(innerPid === undefined ? {} : { innerPid }),
    };
  }

  async #waitUntilHealthy(check: Check): Promise<void> {
    while (!(await passes(check, this.#plan))) await sleep(pollMs);
    this.#state = 'healthy';
  }

  async #runToSuccess(command: readonly string[]): Promise<void> {
    while ((await this.#run(command)) !== 0) {
      this.#exits += 1;
      await sleep(restartDelayMs(this.#exits));
    }
    this.#state = 'healthy';
  }

  #keepRunning(command: readonly string[]): void {
    void this.#run(command).then(async (code) => {
      this.#exits += 1;
      this.#state = 'starting';
      console.log(`${new Date().toISOString()} ${this.step.name} ended with ${code}; starting it again`);
      await sleep(restartDelayMs(this.#exits));
      this.#keepRunning(this.#commandByNow() ?? command);
    });
  }

  /** Who changes the plan and ends a component has it started anew with what the plan says then. */
  #commandByNow(): readonly string[] | undefined {
    const step = readPlan(this.#planFile).steps.find(({ name }) => name === this.step.name);
    return step?.kind === 'service' ? step.command : undefined;
  }

  #run([program = '', ...args]: readonly string[]): Promise<number> {
    const log = openSync(path.join(this.#plan.logs, `${this.step.name}.log`), 'a');
    const child = spawn(program, args, { cwd: '/', env: componentEnvironment, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    return new Promise((resolve) => {
      const settle = (code: number): void => {
        this.#child = undefined;
        resolve(code);
      };
      child.once('error', (error) => {
        console.log(`${this.step.name} cannot be run: ${error.message}`);
        settle(127);
      });
      child.once('exit', (code) => {
        settle(code ?? 128);
      });
    });
  }
}

function restartDelayMs(exits: number): number {
  return Math.min(firstRestartDelayMs * 2 ** (exits - 1), longestRestartDelayMs);
}

async function startInOrder(steps: readonly RunningStep[]): Promise<void> {
  const started = new Map<string, Promise<void>>();
  for (const running of steps) {
    const requirements = running.step.after.flatMap((name) => started.get(name) ?? []);
    started.set(
      running.step.name,
      Promise.all(requirements).then(() => running.start()),
    );
  }
  await Promise.all(started.values());
}

function serveControl(steps: readonly RunningStep[], hasStarted: () => boolean): void {
  const server = http.createServer((_request, response) => {
    const isFresh = hasStarted();
    void Promise.all(steps.map((running) => running.status(isFresh))).then((statuses) => {
      const status: SupervisorStatus = { hasStarted: isFresh, steps: statuses };
      response.end(JSON.stringify(status));
    });
  });
  server.listen(controlSocket);
}

/** `up` sends a listener on the host's loopback: connections arrive there and go on to the API server in here. */
function forwardApiConnections(port: number): void {
  process.send?.('ready for the listener');
  process.once('message', (_message, listener) => {
    if (!(listener instanceof net.Server)) return;
    listener.on('connection', (incoming: net.Socket) => {
      forward(incoming, port);
    });
  });
}

function readPlan(planFile: string): Plan {
  return JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
}

async function supervise(planFile: string): Promise<void> {
  const plan = readPlan(planFile);
  mkdirSync(plan.logs, { recursive: true });
  const steps = plan.steps.map((step) => new RunningStep(step, plan, planFile));
  let hasStarted = false;
  forwardApiConnections(plan.port);
  serveControl(steps, () => hasStarted);
  await startInOrder(steps);
  hasStarted = true;
}

await supervise(process.argv[2] ?? '');
