import type { IncomingMessage } from 'node:http';
import { startRepeating } from '../platform/timer.ts';
import { pieceRead } from './body-garbage.ts';

/** Why a body did not come in; `waited`: there was no room for it in time, `full`: too many wait for room. */
export type UploadFailure = 'too large' | 'too slow' | 'aborted' | 'waited' | 'full';

export interface UploadLimits {
  /** Longest body, in bytes. */
  readonly maxBodyBytes: number;
  /** Bytes of all bodies that have arrived and are not parsed yet; one body may go beyond it at a time. */
  readonly roomBytes: number;
  /** Bodies that wait for room; one more is turned away. */
  readonly maxWaiting: number;
  /** How long a body may take that arrives at less than the minimum rate, in milliseconds. */
  readonly graceMs: number;
  /** The same while other bodies wait for room. */
  readonly pressedGraceMs: number;
  /** The minimum rate, in bytes a second. */
  readonly minRate: number;
}

/** How often the rate of bodies is looked at, in milliseconds. */
const tickMs = 50;

/** What a piece takes besides its bytes: a sender may cut its body into single ones. */
export const pieceCost = 256;

/** A whole body. Its bytes count until it is released: when it is parsed. */
export interface Arrived {
  readonly body: Buffer;
  readonly release: () => void;
}

/**
 * Takes bodies in as they arrive. What is counted are bytes that are there, not those that somebody announced: a sender
 * that announces much and sends slowly holds next to nothing. When there is no room left, the first body that wants more
 * may have all that it needs, the others are not read until there is room again, and who sends below the minimum rate
 * is given up.
 */
export interface Uploads {
  /** Never rejects. `deadlineAt`: when a body has waited for room too long, by `performance.now()`. */
  read(request: IncomingMessage, deadlineAt: number): Promise<Arrived | UploadFailure>;
  /** Takes room for a piece that somebody else reads, and says how much; 0 when there is none, or others wait for it. */
  take(bytes: number): number;
  /** What was taken is free again. */
  give(taken: number): void;
}

/** Where the bytes of a body go while it arrives. */
export interface Sink {
  readonly add: (chunk: Buffer) => void;
  readonly take: () => Buffer;
}

/** Keeps the pieces: one for nearly every admission, so nothing is copied. */
function createPieces(): Sink {
  const pieces: Buffer[] = [];
  return {
    add: (chunk) => pieces.push(chunk),
    take: () => (pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)),
  };
}

interface Upload {
  readonly request: IncomingMessage;
  readonly deadlineAt: number;
  readonly fail: (failure: UploadFailure) => void;
  sink: Sink;
  /** Bytes so far. */
  arrived: number;
  /** What is counted of them in the room. */
  held: number;
  /** How often it was looked at while it could send; what we pause does not count. */
  ticks: number;
  /** Has arrived, and waits for room. */
  chunk: Buffer | undefined;
  /** Nothing more comes. A stream that is paused at its last piece ends all the same, and then that piece still waits. */
  hasEnded: boolean;
  readonly complete: () => void;
}

/** Copies the pieces to where they belong; the body is valid until the buffer is used again. */
function createFilling(buffer: Buffer): Sink {
  let size = 0;
  return {
    add: (chunk) => {
      size += chunk.copy(buffer, size);
    },
    take: () => buffer.subarray(0, size),
  };
}

export function createUploads(limits: UploadLimits): Uploads {
  const room = new UploadRoom(limits);
  startRepeating(() => {
    room.look();
  }, tickMs).unref();
  return room;
}

class UploadRoom implements Uploads {
  readonly #limits: UploadLimits;
  readonly #arriving = new Set<Upload>();
  readonly #waiting: Upload[] = [];
  #first: Upload | undefined;
  /** For the first one, while there is one: a buffer for each would wait in dozens to be collected. */
  #shared: Buffer | undefined;
  #used = 0;

  constructor(limits: UploadLimits) {
    this.#limits = limits;
  }

  read(request: IncomingMessage, deadlineAt: number): Promise<Arrived | UploadFailure> {
    return new Promise((resolve) => {
      const fail = (failure: UploadFailure): void => {
        if (!this.#arriving.has(upload)) return;
        this.#giveUp(upload);
        resolve(failure);
      };
      const complete = (): void => {
        if (!this.#arriving.delete(upload)) return;
        resolve({
          body: upload.sink.take(),
          release: () => {
            this.#release(upload);
          },
        });
      };
      const upload: Upload = {
        request,
        deadlineAt,
        fail,
        complete,
        sink: createPieces(),
        arrived: 0,
        held: 0,
        ticks: 0,
        chunk: undefined,
        hasEnded: false,
      };
      this.#arriving.add(upload);
      request.on('data', (chunk: Buffer) => {
        this.#receive(upload, chunk);
      });
      request.on('end', () => {
        upload.hasEnded = true;
        if (upload.chunk === undefined) complete();
      });
      request.on('close', () => {
        if (!upload.hasEnded) fail('aborted');
      });
      // Without a listener an aborted upload would be an uncaught error; `close` follows it.
      request.on('error', () => undefined);
    });
  }

  take(bytes: number): number {
    const cost = bytes + pieceCost;
    if (this.#waiting.length > 0 || this.#used + cost > this.#limits.roomBytes) return 0;
    this.#used += cost;
    return cost;
  }

  give(taken: number): void {
    this.#used -= taken;
    this.#admitWaiting();
  }

  /** Gives up who has waited for too long, and who sends too slowly. */
  look(): void {
    const { graceMs, pressedGraceMs, minRate } = this.#limits;
    const now = performance.now();
    const grace = this.#waiting.length === 0 ? graceMs : pressedGraceMs;
    for (const upload of this.#arriving) {
      if (upload.chunk !== undefined) {
        if (now > upload.deadlineAt) upload.fail('waited');
      } else {
        upload.ticks += 1;
        const allowedMs = grace + (upload.arrived * 1000) / minRate;
        if (upload.ticks * tickMs > allowedMs) upload.fail('too slow');
      }
    }
  }

  #receive(upload: Upload, chunk: Buffer): void {
    if (!this.#arriving.has(upload)) return;
    upload.arrived += chunk.length;
    pieceRead(chunk);
    if (upload.arrived > this.#limits.maxBodyBytes) upload.fail('too large');
    else if ((this.#waiting.length > 0 && upload !== this.#first) || !this.#keep(upload, chunk))
      this.#wait(upload, chunk);
  }

  /** Whether there was room for it. */
  #keep(upload: Upload, chunk: Buffer): boolean {
    if (upload !== this.#first) {
      const cost = chunk.length + pieceCost;
      if (this.#used + cost <= this.#limits.roomBytes) {
        this.#used += cost;
        upload.held += cost;
      } else {
        if (this.#first !== undefined) return false;
        this.#makeFirst(upload);
      }
    }
    upload.sink.add(chunk);
    return true;
  }

  #makeFirst(upload: Upload): void {
    this.#first = upload;
    this.#used -= upload.held;
    upload.held = 0;
    this.#shared ??= Buffer.allocUnsafeSlow(this.#limits.maxBodyBytes);
    const sink = createFilling(this.#shared);
    sink.add(upload.sink.take());
    upload.sink = sink;
  }

  #wait(upload: Upload, chunk: Buffer): void {
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      upload.fail('full');
      return;
    }
    upload.chunk = chunk;
    upload.request.pause();
    this.#waiting.push(upload);
  }

  #admitWaiting(): void {
    const waiting = this.#waiting;
    for (let next = waiting[0]; next?.chunk !== undefined && this.#keep(next, next.chunk); next = waiting[0]) {
      waiting.shift();
      next.chunk = undefined;
      if (next.hasEnded) next.complete();
      else next.request.resume();
    }
  }

  #release(upload: Upload): void {
    this.#used -= upload.held;
    upload.held = 0;
    const wasFirst = this.#first === upload;
    if (wasFirst) this.#first = undefined;
    this.#admitWaiting();
    if (wasFirst && this.#first === undefined) this.#shared = undefined;
  }

  #giveUp(upload: Upload): void {
    this.#arriving.delete(upload);
    if (upload.chunk !== undefined) this.#waiting.splice(this.#waiting.indexOf(upload), 1);
    upload.chunk = undefined;
    this.#release(upload);
  }
}
