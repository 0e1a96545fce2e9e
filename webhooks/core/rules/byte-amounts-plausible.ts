import type { Rule } from '../engine/rule.ts';
import { each, eachEntry, join, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Quantity, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { toNano } from './parts/quantity.ts';

export const byteAmountsPlausible: Rule = {
  id: 'byte-amounts-plausible',
  severity: 'warn',
  summary: 'An amount of memory or storage should not be in thousandths of a byte, nor memory in single bytes.',
  rationale:
    'In a Kubernetes quantity `m` means a thousandth, so `64m` of memory are 0.064 bytes, which count as one. Kubernetes ' +
    'accepts that, and the container never starts, is killed when it does, or gets no memory set aside for it. Where ' +
    'megabytes were meant, the suffix is `M` or `Mi`; a number without a suffix counts bytes. What amounts to a mebibyte or ' +
    'more is not warned about, because programs write 1.1Gi as 1181116006400m.',
  remedy: 'Write Mi for mebibytes, M for megabytes.',
  examples: {
    accepts: [
      { title: 'mebibytes', spec: withLimits({ memory: '64Mi' }) },
      { title: 'thousandths of a processor', spec: withLimits({ cpu: '64m' }) },
      { title: '1.1Gi as a program writes it', spec: withLimits({ memory: '1181116006400m' }) },
      { title: 'scratch space of some kilobytes', spec: withScratch('64k') },
    ],
    rejects: [
      { title: 'thousandths of a byte of memory', spec: withLimits({ memory: '64m' }) },
      { title: 'bytes of memory', spec: withLimits({ memory: 64 }) },
      { title: 'thousandths of a byte of storage', spec: withLimits({ 'ephemeral-storage': '500m' }) },
      { title: 'thousandths of a byte of scratch space', spec: withScratch('64m') },
    ],
  },
  check({ server: { spec } }) {
    const { limits, requests } = spec.runtime?.resources ?? {};
    return join(
      eachEntry(limits, inside(resources, 'limits'), checkResource),
      eachEntry(requests, inside(resources, 'requests'), checkResource),
      each(spec.config.storage, storage, checkMount),
    );
  },
};

const resources = placeOf('spec', 'runtime', 'resources');
const storage = placeOf('spec', 'config', 'storage');

/** What nearly every amount has: no number before it makes it too small to be meant. */
const largeSuffix = /(?:[MGTPE]i?)$/;

const mebibyteNano = 2n ** 20n * 10n ** 9n;

function checkResource(name: string, quantity: Quantity, place: Place): readonly Violation[] {
  switch (name) {
    case 'memory':
      return checkAmount(quantity, place, true);
    case 'ephemeral-storage':
      return checkAmount(quantity, place, false);
    // Of huge pages, only multiples of their size are accepted; devices are not counted in bytes.
    default:
      return none;
  }
}

function checkMount({ source }: StorageMount, place: Place): readonly Violation[] {
  const limit = source.type === 'EmptyDir' ? source.emptyDir?.sizeLimit : undefined;
  return limit === undefined ? none : checkAmount(limit, inside(place, 'source'), false, ['emptyDir', 'sizeLimit']);
}

/** Zero is meant, and what cannot be read or is negative is refused elsewhere. */
function checkAmount(
  quantity: Quantity,
  place: Place,
  isMemory: boolean,
  below: readonly string[] = [],
): readonly Violation[] {
  const text = String(quantity);
  const isFraction = /[mun]$/.test(text);
  if (!(isFraction || isMemory) || largeSuffix.test(text)) return none;
  const nano = toNano(quantity) ?? 0n;
  if (nano <= 0n || nano >= mebibyteNano) return none;
  const headline = isFraction ? 'm means thousandths of a byte' : 'that few bytes are no memory to run in';
  return [{ path: pathTo(place, ...below), headline, detail: `found ${text}` }];
}

function withLimits(limits: object): Readonly<Record<string, unknown>> {
  return { runtime: { resources: { limits } } };
}

function withScratch(sizeLimit: string): Readonly<Record<string, unknown>> {
  const source = { type: 'EmptyDir', emptyDir: { sizeLimit } };
  return { config: { storage: [{ path: '/tmp', permissions: 'ReadWrite', source }] } };
}
