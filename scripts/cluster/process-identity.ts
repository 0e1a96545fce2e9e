import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** A process for certain: a pid alone may belong to somebody else after a restart of the machine or of the counter. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startedAtTick: string;
  readonly bootId: string;
}

export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

export function readProcessIdentity(pid: number): ProcessIdentity | undefined {
  const startedAtTick = readStat(pid)?.startedAtTick;
  return startedAtTick === undefined ? undefined : { pid, startedAtTick, bootId: readBootId() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  return (
    stat !== undefined &&
    stat.state !== 'Z' &&
    stat.startedAtTick === identity.startedAtTick &&
    readBootId() === identity.bootId
  );
}

/** The host's pid of each process in the pid namespace of `memberPid`, by the pid it has in there. */
export function readHostPids(memberPid: number): ReadonlyMap<number, number> {
  const namespace = readPidNamespace(memberPid);
  const hostPids = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const pid = Number(entry);
    const inner = namespace !== undefined && readPidNamespace(pid) === namespace ? readInnerPid(pid) : undefined;
    if (inner !== undefined) hostPids.set(inner, pid);
  }
  return hostPids;
}

/** The first child of a process, in the order of their birth. */
export function readFirstChild(pid: number): number | undefined {
  const text = readOrUndefined(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  const first = text?.trim().split(' ')[0];
  return first === undefined || first === '' ? undefined : Number(first);
}

function readStat(pid: number): { readonly state: string; readonly startedAtTick: string } | undefined {
  const text = readOrUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in brackets and may itself hold blanks and brackets.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const startedAtTick = fields?.[19];
  return state === undefined || startedAtTick === undefined ? undefined : { state, startedAtTick };
}

function readPidNamespace(pid: number): string | undefined {
  return readOrUndefined(() => readlinkSync(`/proc/${pid}/ns/pid`));
}

function readInnerPid(pid: number): number | undefined {
  const text = readOrUndefined(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const inner = /^NSpid:.*\s(\d+)$/m.exec(text ?? '')?.[1];
  return inner === undefined ? undefined : Number(inner);
}

/** Processes end while one looks at them: what cannot be read is not there. */
function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
