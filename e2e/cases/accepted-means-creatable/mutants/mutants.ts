import { autoscaling } from './autoscaling.ts';
import { environment } from './environment.ts';
import { ingress } from './ingress.ts';
import { metadata } from './metadata.ts';
import { network } from './network.ts';
import { probes } from './probes.ts';
import { resources } from './resources.ts';
import { scheduling } from './scheduling.ts';
import { security } from './security.ts';
import { stdio } from './stdio.ts';
import { storage } from './storage.ts';
import { text } from './text.ts';
import type { Mutant } from './mutant.ts';

const all = [
  ...autoscaling,
  ...environment,
  ...ingress,
  ...metadata,
  ...network,
  ...probes,
  ...resources,
  ...scheduling,
  ...security,
  ...stdio,
  ...storage,
  ...text,
];

/** Every mutant once, one change each: the same in every run. */
export const mutants: readonly Mutant[] = [...new Map(all.map((mutant) => [mutant.title, mutant])).values()];
