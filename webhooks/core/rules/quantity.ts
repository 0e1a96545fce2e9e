import type { Quantity } from '../mcpserver/types.gen.ts';

const form = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/;

/** Billionths in one of each suffix. */
const nanoIn: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ...['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].map((name, index) => [name, 1000n ** BigInt(index)] as const),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((name, index) => [name, 10n ** 9n * 1024n ** BigInt(index + 1)] as const),
]);

/**
 * The quantity in billionths, exactly; what is smaller is rounded away from zero, as Kubernetes does. Undefined when
 * Kubernetes would not read it: the pattern of the schema allows `1e1.5`, the parser does not.
 */
export function toNano(quantity: Quantity): bigint | undefined {
  const match = form.exec(String(quantity));
  if (match === null) return undefined;
  const [, sign, integer = '', fraction = '', exponent = '0', suffix = ''] = match;
  const digits = integer + fraction;
  if (digits === '') return undefined;
  const scaled = BigInt(digits) * (nanoIn.get(suffix) ?? 1n);
  const nano = timesPowerOfTen(scaled, clamp(exponent, digits) - fraction.length);
  return sign === '-' ? -nano : nano;
}

/** Beyond this an exponent changes nothing that anyone compares, and `1e999999999` must not cost a gigabyte. */
function clamp(exponent: string, digits: string): number {
  const most = digits.length + 40;
  return Math.max(-most, Math.min(most, Number(exponent)));
}

function timesPowerOfTen(value: bigint, power: number): bigint {
  if (power === 0) return value;
  if (power >= 0) return value * 10n ** BigInt(power);
  const by = 10n ** BigInt(-power);
  return (value + by - 1n) / by;
}
