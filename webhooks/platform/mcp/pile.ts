/** Bytes that arrive in pieces. */
export interface Pile {
  /** Throws {@link TooMuch} when there is no room for them. */
  add(bytes: Uint8Array): void;
  /** All of them, in place: valid until the next `add`. The pile is empty then. */
  take(): Uint8Array;
  /** Gives the memory back at once; what was taken is empty from then on. */
  free(): void;
}

/** What came is more than may be kept; the message is the clause for the verdict: "its answer …". */
export class TooMuch extends Error {}

/** Asked before a pile grows: how many bytes it will take in all. Throws {@link TooMuch} to refuse. */
export type GrowTo = (bytes: number) => void;

/** Smallest room that is taken, in bytes. */
const firstBytes = 1_024;

/**
 * One buffer that doubles: a piece of one byte costs one byte, where a kept Buffer costs a hundred and may hold the 64
 * KiB that were read with it.
 */
export function createPile(growTo: GrowTo): Pile {
  // Not Buffers and not copies: what is transferred is freed now, not when the collector comes, and it is not in a hurry for
  // memory outside of its heap.
  let room = new Uint8Array(new ArrayBuffer(0));
  let size = 0;
  return {
    add(bytes) {
      const needed = size + bytes.length;
      if (needed > room.length) {
        const length = Math.max(firstBytes, needed, room.length * 2);
        growTo(length);
        room = resized(room, length);
      }
      room.set(bytes, size);
      size = needed;
    },
    take() {
      const taken = room.subarray(0, size);
      size = 0;
      return taken;
    },
    free() {
      size = 0;
      room = resized(room, 0);
    },
  };
}

/** The command line may run on a Node that cannot (before 21): there it is a copy. */
const canTransfer = 'transfer' in ArrayBuffer.prototype;

function resized(room: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (canTransfer) return new Uint8Array(room.buffer.transfer(length));
  const copy = new Uint8Array(new ArrayBuffer(length));
  copy.set(room.subarray(0, length));
  return copy;
}
