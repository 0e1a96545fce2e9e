import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { bytesOfText, FairStore } from './fair-store.ts';

/** Length from which a server is large, in bytes: an honest one has a tenth of it, one that is allowed 1.5 MiB. */
export const largeBytes = 64 * 1024;
/** Packed texts that are kept, in bytes: of some thousand servers that people wrote. */
const packedBytes = 3 * 1024 * 1024;
/**
 * Texts that are kept as they came, in bytes: of a thousand servers that were created and not read much since. To pack and to unpack one costs
 * 20 µs and an object of `zlib` that only a full collection takes away; a server that is worked on is written several times in a second, and read as often.
 */
const unpackedBytes = 1024 * 1024;

/** The text of each server. One that nobody has read or written for a while is packed: most of them say nearly the same. */
export class ServerTexts {
  /** What cannot be packed becomes a little longer. */
  readonly #packed = new FairStore<string>({ largest: largeBytes + 1_024, inAll: packedBytes });
  /** The oldest first. */
  readonly #unpacked = new Map<string, string>();
  #unpackedBytes = 0;

  /** Of all texts, as they are kept. */
  get bytes(): number {
    return this.#packed.bytes + this.#unpackedBytes;
  }

  get(key: string): string | undefined {
    const text = this.#unpacked.get(key);
    if (text !== undefined) return text;
    const packed = this.#packed.get(key);
    return packed === undefined ? undefined : unpack(packed);
  }

  /** In place of what was kept of the server; of a large one nothing is. `bytes`: of the text. */
  put(key: string, text: string, bytes: number): void {
    this.drop(key);
    if (bytes > largeBytes) return;
    this.#unpacked.set(key, text);
    this.#unpackedBytes += bytesOfText(text);
    for (const [oldest, of] of this.#unpacked) {
      if (this.#unpackedBytes <= unpackedBytes) return;
      this.#dropUnpacked(oldest, of);
      const packed = pack(of);
      this.#packed.put(oldest, { value: packed, bytes: packed.length });
    }
  }

  drop(key: string): void {
    const text = this.#unpacked.get(key);
    if (text !== undefined) this.#dropUnpacked(key, text);
    this.#packed.drop(key);
  }

  #dropUnpacked(key: string, text: string): void {
    this.#unpacked.delete(key);
    this.#unpackedBytes -= bytesOfText(text);
  }
}

/**
 * What most servers say, as the API server writes it: what is in a text of this is packed into a reference. Who changes it
 * changes how small texts become, and nothing else.
 */
const usual = Buffer.from(
  '"periodSeconds":60,"replicas":0,"mcp":{"stateless":"env":[{"name":"value":"valueFrom":{"secretKeyRef":{"key":"requests":{"cpu":"limits":{"memory":' +
    '"security":{"podSecurityContext":{"runAsNonRoot":true,"handshakeRetryCount":"notCounted":"foreign":{"fields":"podFailure":{"causes":{' +
    '"reason":"EndpointUnavailable","status":"False","status":"Unknown","reason":"NotVerified","reason":"DeploymentUnavailable","reason":"AuthSkipped",' +
    '{"apiVersion":"mcp.x-k8s.io/v1beta1","kind":"MCPServer","metadata":{"annotations":{},"creationTimestamp":"2026-11-30T00:00:00Z","generation":1,"name":"","namespace":"","resourceVersion":"","uid":""},' +
    '"spec":{"config":{"path":"/mcp","port":8080},"extensions":{"verification":{"runtime":{"replicas":1},"source":{"containerImage":{"ref":""},"type":"ContainerImage"}},' +
    '"status":{"address":{"url":"http://.svc.cluster.local:8080/mcp"},"conditions":[{"lastTransitionTime":"2026-11-30T00:00:00Z","message":"","observedGeneration":1,"reason":"Ready","status":"True","type":"Ready"},' +
    '{"type":"Accepted","status":"True","observedGeneration":1,"lastTransitionTime":"2026-11-30T00:00:00Z","reason":"Valid","message":"all rules hold"},' +
    '"type":"Available","type":"Verified","type":"RolloutSettled","type":"Reconciling"}],"deploymentName":"","extensions":{"policy":{"generation":1,"revision":"release":"0.1.0",' +
    '"tools":{"count":1,"digest":"sha256:"},"verification":{"era":"Stateless","image":"","toolCount":1}},"observedGeneration":1,"phase":"Running","readyReplicas":1,"replicas":1,"selector":"mcp-server=",' +
    '"serverInfo":{"capabilities":{"completions":false,"logging":false,"prompts":false,"resources":false,"tools":true},"name":"","protocolVersion":"2026-07-28","version":"1.0.0"},"serviceName":""}}',
);
/** `windowBits`: both what is usual and a text of some kilobytes are within reach of each other. */
const packing = { dictionary: usual, windowBits: 12, memLevel: 4, level: 1, chunkSize: 1_024 };

/** As a text of Latin-1, a character for each byte: a buffer would take some hundred bytes besides. */
function pack(text: string): string {
  return deflateRawSync(text, packing).toString('latin1');
}

function unpack(packed: string): string {
  return inflateRawSync(Buffer.from(packed, 'latin1'), packing).toString();
}
