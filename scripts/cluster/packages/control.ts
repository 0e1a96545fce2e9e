/** What the supervisor tells over its control socket. */
export interface SupervisorStatus {
  /** Everything has worked once; from then on `steps` is checked at the moment of asking. */
  readonly hasStarted: boolean;
  readonly steps: readonly StepStatus[];
}

export interface StepStatus {
  readonly name: string;
  readonly state: 'waiting' | 'starting' | 'healthy' | 'unhealthy';
  /** The pid inside the cluster's pid namespace, for a service that runs. */
  readonly innerPid?: number;
  /** How often the process ended by itself. */
  readonly exits: number;
}
