/** CPU in thousandths, memory in bytes. */
export interface Amounts {
  readonly cpu?: number;
  readonly memory?: number;
}

export interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** What is known of one server: of each of its pods, the container that is its author's. */
export interface ServerCost {
  readonly namespace: string;
  readonly name: string;
  readonly pods: number;
  /** Kind and name of what made it and keeps it as it says, as a pool does. */
  readonly madeFrom?: string;
  /** As its spec says; where that says nothing, most of a pod, defaults and all. */
  readonly requests: Amounts;
  /** As its spec says; where that says nothing, least of a pod. */
  readonly limits: Amounts;
  /** What all of its pods request together. */
  readonly total: Amounts;
  /**
   * What has to be said with a suggestion so that it stays: what a spec says of resources takes the place of all of the defaults. Absent where
   * nobody knows: there are no pods, or they differ.
   */
  readonly kept?: Resources;
  /** Of the pod that used the most; absent where nobody measures. */
  readonly used?: Amounts;
  /** For how long it was measured, in milliseconds; absent: this moment only. */
  readonly measuredMs?: number;
  /** For how long nobody has called it, in milliseconds. `isAtLeast`: longer than was looked back, or measured. */
  readonly idle?: { readonly ms: number; readonly isAtLeast: boolean };
  /** It scales by its CPU in per cent of what it requests, which then decides how many pods there are. */
  readonly isScaledByCpu: boolean;
}

/** Less says nothing about the busy hour of a day, in milliseconds. */
const leastMeasuredMs = 24 * 3_600_000;

/** Room above what was used; what is asked for in steps, and how little at least. */
const room = 1.2;
const steps: Required<Amounts> = { cpu: 5, memory: 8 * 1024 * 1024 };
const least: Required<Amounts> = { cpu: 10, memory: 16 * 1024 * 1024 };

/** A difference for which nobody restarts pods, of what is requested. */
const tolerated = 0.2;

/** Requests that fit better than those that are there; empty: there are none, or it is not known long enough. */
export function suggest(server: ServerCost): Amounts {
  const { requests, limits, kept, used = {}, measuredMs = 0, isScaledByCpu } = server;
  if (kept === undefined || measuredMs < leastMeasuredMs) return {};
  const fitting = (what: keyof Amounts): Amounts => {
    const most = used[what];
    if (most === undefined) return {};
    const wanted = Math.max(least[what], Math.ceil((most * room) / steps[what]) * steps[what]);
    const allowed = Math.min(wanted, limits[what] ?? wanted);
    return isNear(allowed, requests[what]) ? {} : { [what]: allowed };
  };
  return { ...(isScaledByCpu ? {} : fitting('cpu')), ...fitting('memory') };
}

function isNear(wanted: number, requested: number | undefined): boolean {
  return requested !== undefined && Math.abs(wanted - requested) <= requested * tolerated;
}

/** Nobody has called it for so long that it is worth a word. */
export function isIdle({ pods, idle }: ServerCost): boolean {
  return pods > 0 && idle !== undefined && idle.ms >= leastMeasuredMs;
}

/** As Kubernetes writes it: `50m`, `64Mi`. */
export function quantityOf(what: keyof Amounts, amount: number): string {
  if (what === 'cpu') return amount % 1_000 === 0 ? String(amount / 1_000) : `${Math.ceil(amount)}m`;
  const mebibytes = amount / 1024 / 1024;
  return Number.isInteger(mebibytes) ? `${mebibytes}Mi` : String(Math.ceil(amount));
}
