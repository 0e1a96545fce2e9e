import type { ReferencedKind } from '../../core/engine/facts.ts';
import { oneLine } from '../../core/engine/text.ts';
import { maxGatewaySettingBytes, readGatewayKeys } from '../../core/mcpserver/gateway.ts';
import type { GatewaySettings } from '../../core/mcpserver/gateway.ts';
import { CA_BUNDLE_KEY } from '../../core/mcpserver/references.ts';
import { parseCaBundle } from '../tls/ca-certificates.ts';
import type { ReadCaBundle } from '../tls/ca-certificates.ts';
import type { ConfigHash } from './config-hash.ts';
import { FieldReader } from './field-reader.ts';
import { listAt, recordAt } from './object.ts';

/** What is wanted of one object. */
export interface Wanted {
  readonly kind: ReferencedKind;
  readonly name: string;
  /** The keys that are asked for by name: of the others only a few are kept. */
  readonly keys: ReadonlySet<string>;
  /** Whether its certificates are wanted. */
  readonly isCaSecret: boolean;
  /** Whether what it says of a gateway is wanted. */
  readonly isForGateway: boolean;
  /** Whether the pods use it: the others are in no hash. */
  readonly isOfPods: boolean;
  /** Takes what the object adds to the configuration hash; absent when nobody wants one. */
  readonly hash?: ConfigHash;
}

/** What is kept of it. */
export interface Contents {
  /** Why it could not be read; then nothing of the rest counts. */
  readonly problem?: string;
  readonly version: string;
  /** Those that were asked for, and of a ConfigMap the first few: what there is instead of one that is missing. */
  readonly keys: ReadonlySet<string>;
  /** Of a Secret whose certificates are wanted, if it has the key. */
  readonly caBundle?: ReadCaBundle;
  /** Of a ConfigMap for a gateway. */
  readonly settings: GatewaySettings;
}

/** One more than messages show (core/rules/parts/missing-key.ts), so that they know that there are more. */
const firstKeys = 6;

/**
 * Reads an object that servers name as it arrives. Each value goes into the hash and is forgotten: an object
 * of any number of keys takes as much memory as its longest value.
 */
export class ContentsReader {
  readonly #wanted: Wanted;
  /** Of each key in the hash. */
  readonly #prefix: string;
  readonly #reader: FieldReader;
  readonly #keys = new Set<string>();
  /** The smallest names of all keys, in order; of a ConfigMap only. */
  #first: readonly string[] = [];
  readonly #settings = new Map<string, string>();
  #version = '';
  #problem: string | undefined;
  #caText: string | undefined;
  #last = { field: '', key: '' };

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
    this.#prefix = `${wanted.kind.toLowerCase()}/${wanted.name}/`;
    this.#reader = new FieldReader(new Set(['metadata', ...dataFields[wanted.kind]]), (field, key, value) => {
      if (field === 'metadata') this.#readMetadata(key, value);
      else this.#readEntry(field, key, value);
    });
  }

  /** Its resourceVersion, empty as long as it was not read. */
  get version(): string {
    return this.#version;
  }

  /** Never throws: what cannot be read is the problem of the whole object. */
  write(chunk: Buffer): void {
    if (this.#problem !== undefined) return;
    try {
      this.#reader.write(chunk);
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }

  finish(): Contents {
    const problem = this.#problem ?? (this.#reader.isComplete ? undefined : 'the answer is not JSON');
    const caBundle = this.#caText === undefined ? undefined : parseCaBundle(this.#caText);
    return {
      ...(problem === undefined ? {} : { problem }),
      version: this.#version,
      keys: new Set([...this.#keys, ...this.#first]),
      settings: this.#settings,
      ...(caBundle === undefined ? {} : { caBundle }),
    };
  }

  #readMetadata(key: string, value: Buffer): void {
    if (key === 'resourceVersion') this.#version = value.toString('utf8');
  }

  #readEntry(field: string, key: string, value: Buffer): void {
    const { keys, hash, isCaSecret, kind } = this.#wanted;
    this.#checkOrder(field, key);
    if (keys.has(key)) this.#keys.add(key);
    if (kind === 'ConfigMap') this.#keepOfConfigMap(field, key, value);
    const isCaBundle = isCaSecret && key === CA_BUNDLE_KEY;
    if (hash === undefined && !isCaBundle) return;
    const isEncoded = kind === 'Secret' || field === 'binaryData';
    // Values as the pod sees them, not as they travel, so that the hash is the one of the reference operator.
    const plain = isEncoded ? Buffer.from(value.toString('latin1'), 'base64') : value;
    if (isCaBundle) this.#caText = plain.toString('utf8');
    hash?.addText(`${this.#prefix}${key}=`);
    hash?.addBytes(plain);
    hash?.addText('\0');
  }

  /** Of settings, what is longer than any name or host is none. */
  #keepOfConfigMap(field: string, key: string, value: Buffer): void {
    this.#keepFirst(key);
    const isSetting = this.#wanted.isForGateway && field === 'data' && readGatewayKeys.has(key);
    if (!isSetting || value.length > maxGatewaySettingBytes) return;
    this.#settings.set(key, oneLine(value.toString('utf8'), maxGatewaySettingBytes));
  }

  /** API servers sort the keys of a map, and write `data` before `binaryData`; in another order the hash would be another. */
  #checkOrder(field: string, key: string): void {
    const last = this.#last;
    const isInOrder = field === last.field ? last.key < key : last.field !== 'binaryData';
    if (!isInOrder) throw new Error('its keys do not come in order');
    this.#last = { field, key };
  }

  #keepFirst(key: string): void {
    const isFull = this.#first.length === firstKeys;
    const greatest = this.#first.at(-1);
    if (isFull && greatest !== undefined && greatest <= key) return;
    this.#first = [...this.#first, key].sort().slice(0, firstKeys);
  }
}

const dataFields = {
  ConfigMap: ['data', 'binaryData'],
  Secret: ['data'],
  ServiceAccount: [],
  PersistentVolumeClaim: [],
  PriorityClass: [],
  RuntimeClass: [],
} as const satisfies Record<ReferencedKind, readonly string[]>;

/** Of a PersistentVolumeClaim: there are four, and each once. */
export function accessModesOf(claim: unknown): readonly string[] {
  const modes = listAt(recordAt(claim, 'spec'), 'accessModes');
  return modes.slice(0, 4).flatMap((mode) => (typeof mode === 'string' ? [mode] : []));
}
