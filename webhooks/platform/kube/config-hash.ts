import { createHash } from 'node:crypto';

/** Bytes that are handed to the hash at once: a call of it costs more than a hundred bytes in it. */
const batchBytes = 8 * 1024;

/** SHA-256 of many small pieces, one after the other. */
export class ConfigHash {
  readonly #hash = createHash('sha256');
  readonly #batch = Buffer.allocUnsafe(batchBytes);
  #used = 0;

  addText(text: string): void {
    // A character has three bytes at most.
    if (text.length * 3 > batchBytes) this.addBytes(Buffer.from(text, 'utf8'));
    else {
      this.#makeRoom(text.length * 3);
      this.#used += this.#batch.write(text, this.#used, 'utf8');
    }
  }

  addBytes(bytes: Buffer): void {
    this.#makeRoom(bytes.length);
    if (bytes.length > batchBytes) this.#hash.update(bytes);
    else this.#used += bytes.copy(this.#batch, this.#used);
  }

  digest(): string {
    this.#makeRoom(batchBytes);
    return this.#hash.digest('hex');
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= batchBytes) return;
    this.#hash.update(this.#batch.subarray(0, this.#used));
    this.#used = 0;
  }
}
