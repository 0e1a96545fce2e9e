import type { Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import type { Config, Quantity, ResourceRequirements, StorageMount } from '../mcpserver/types.gen.ts';
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
      checkResources('limits', limits),
      checkResources('requests', requests),
      checkScratch(spec.config.storage),
    );
  },
};

/** Of huge pages only multiples of their size are accepted, and devices are not counted in bytes. */
function checkResources(field: string, amounts: ResourceRequirements['limits']): readonly Violation[] {
  const memory = findProblem(amounts?.['memory'], ofMemory);
  const disk = findProblem(amounts?.['ephemeral-storage'], ofStorage);
  if (memory === undefined && disk === undefined) return none;
  const path = ['spec', 'runtime', 'resources', field];
  return [
    ...(disk === undefined ? [] : [{ path: [...path, 'ephemeral-storage'], ...disk }]),
    ...(memory === undefined ? [] : [{ path: [...path, 'memory'], ...memory }]),
  ];
}

function checkScratch(storage: Config['storage']): readonly Violation[] {
  if (storage?.some(hasSizeLimit) !== true) return none;
  return storage.flatMap(({ source }, index) => {
    const problem = findProblem(source.emptyDir?.sizeLimit, ofStorage);
    const path = ['spec', 'config', 'storage', index, 'source', 'emptyDir', 'sizeLimit'];
    return problem === undefined ? [] : [{ path, ...problem }];
  });
}

function hasSizeLimit({ source }: StorageMount): boolean {
  return source.emptyDir?.sizeLimit !== undefined;
}

const fractions: ReadonlyMap<string, string> = new Map([
  ['m', 'thousandths'],
  ['u', 'millionths'],
  ['n', 'billionths'],
]);

/** What nearly every amount has: no number before it makes it too small to be meant. */
const largeSuffix = /[MGTPE]i?$/;

const mebibyteNano = 2n ** 20n * 10n ** 9n;

const ofMemory = { isMemory: true };
const ofStorage = { isMemory: false };

/** Zero is meant, and what cannot be read or is negative is refused elsewhere. */
function findProblem(
  quantity: Quantity | undefined,
  { isMemory }: { readonly isMemory: boolean },
): Pick<Violation, 'headline' | 'detail'> | undefined {
  if (quantity === undefined) return undefined;
  const text = String(quantity);
  if (largeSuffix.test(text)) return undefined;
  const suffix = text.slice(-1);
  const fraction = fractions.get(suffix);
  if (fraction === undefined && !isMemory) return undefined;
  const nano = toNano(quantity) ?? 0n;
  if (nano <= 0n || nano >= mebibyteNano) return undefined;
  const headline =
    fraction === undefined ? 'that few bytes are no memory to run in' : `${suffix} means ${fraction} of a byte`;
  return { headline, detail: `found ${text}` };
}

function withLimits(limits: object): Readonly<Record<string, unknown>> {
  return { runtime: { resources: { limits } } };
}

function withScratch(sizeLimit: string): Readonly<Record<string, unknown>> {
  const source = { type: 'EmptyDir', emptyDir: { sizeLimit } };
  return { config: { storage: [{ path: '/tmp', permissions: 'ReadWrite', source }] } };
}
