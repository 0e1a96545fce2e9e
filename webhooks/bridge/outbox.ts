/** Most that waits for a client that has no stream open, in messages and in bytes. */
const limits = { messages: 64, bytes: 256 * 1024 };

/** What a server has said while nobody listened; beyond the limits the oldest is lost. */
export class Outbox {
  #messages: Uint8Array[] = [];
  #bytes = 0;

  add(message: Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
    while (this.#messages.length > limits.messages || this.#bytes > limits.bytes) {
      this.#bytes -= this.#messages.shift()?.length ?? 0;
    }
  }

  takeAll(): readonly Uint8Array[] {
    const all = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return all;
  }
}
