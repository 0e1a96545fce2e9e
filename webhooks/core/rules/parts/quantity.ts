import type { Quantity } from '../../mcpserver/types.gen.ts';

const form = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/;

/** Billionths in one of each suffix. */
const nanoIn: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ...['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].map((name, index) => [name, 1000n ** BigInt(index)] as const),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((name, index) => [name, 10n ** 9n * 1024n ** BigInt(index + 1)] as const),
]);

/** Kubernetes caps quantities with a binary suffix, and no others, at the largest 64-bit integer. */
const mostBinaryNano = (2n ** 63n - 1n) * 10n ** 9n;

/**
 * Beyond these Kubernetes computes for minutes: comparing or printing `1e999999999` keeps a core of the API server busy
 * and takes a gigabyte. No quantity that means something comes near them.
 */
const maxCharacters = 100;
const maxExponent = 100;

export interface ParsedQuantity {
  /** In billionths, exactly; what is smaller is rounded away from zero, as Kubernetes does. */
  readonly nano: bigint;
  readonly notation: 'decimal' | 'binary' | 'exponent';
}

/**
 * The quantity, or undefined when Kubernetes would not read it (the pattern of the schema allows `1e1.5`, the parser
 * does not) or could not stop computing with it.
 */
export function parseQuantity(quantity: Quantity): ParsedQuantity | undefined {
  const text = String(quantity);
  const match = text.length > maxCharacters ? null : form.exec(text);
  if (match === null) return undefined;
  const [, sign, integer = '', fraction = '', exponent, suffix = ''] = match;
  const notation = notationOf(exponent, suffix);
  const size = sizeOf(integer + fraction, Number(exponent ?? 0), { places: fraction.length, suffix });
  if (size === undefined) return undefined;
  const nano = notation === 'binary' && size > mostBinaryNano ? mostBinaryNano : size;
  return { nano: sign === '-' ? -nano : nano, notation };
}

function sizeOf(
  digits: string,
  exponent: number,
  { places, suffix }: { readonly places: number; readonly suffix: string },
): bigint | undefined {
  if (digits === '' || Math.abs(exponent) > maxExponent) return undefined;
  return timesPowerOfTen(BigInt(digits) * (nanoIn.get(suffix) ?? 1n), exponent - places);
}

/** Digits before a suffix of {@link milliIn} with which every product is exact. */
const usualDigits = 6;

/** Thousandths in one of each suffix that nearly every manifest writes. */
const milliIn: ReadonlyMap<string, number> = new Map([
  ...([
    ['m', 1],
    ['', 1e3],
    ['k', 1e6],
    ['M', 1e9],
    ['G', 1e12],
  ] as const),
  ...(['Ki', 'Mi', 'Gi', 'Ti'] as const).map((name, index) => [name, 1000 * 1024 ** (index + 1)] as const),
]);

/** Whether it can be read and is not negative, without computing it; false says nothing. */
export function isUsual(quantity: Quantity): boolean {
  return usualMilli(quantity) !== undefined;
}

/** Whether it is above zero and at most so much, without computing it; false says nothing. */
export function isUsualWithin(quantity: Quantity, most: Quantity): boolean {
  const found = usualMilli(quantity) ?? 0;
  return found > 0 && found <= (usualMilli(most) ?? 0);
}

/** Negative, zero or positive; zero also for what cannot be read. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  const [first, second] = [usualMilli(left), usualMilli(right)];
  if (first !== undefined && second !== undefined) return first - second;
  const [a, b] = [toNano(left), toNano(right)];
  if (a === undefined || b === undefined || a === b) return 0;
  return a < b ? -1 : 1;
}

/** In thousandths, what nearly every manifest writes: no sign, no exponent, nothing that has to be rounded. */
function usualMilli(quantity: Quantity): number | undefined {
  const text = String(quantity);
  let number = 0;
  let at = 0;
  for (; at < text.length && at <= usualDigits; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  if (at === 0 || at > usualDigits || text.length > at + longestSuffix) return undefined;
  const unit = milliIn.get(text.slice(at));
  return unit === undefined ? undefined : number * unit;
}

const zero = 0x30;
const longestSuffix = 2;

/** As {@link parseQuantity}, the number alone. */
export function toNano(quantity: Quantity): bigint | undefined {
  return parseQuantity(quantity)?.nano;
}

function notationOf(exponent: string | undefined, suffix: string): ParsedQuantity['notation'] {
  if (exponent !== undefined) return 'exponent';
  return suffix.endsWith('i') ? 'binary' : 'decimal';
}

function timesPowerOfTen(value: bigint, power: number): bigint {
  if (power === 0) return value;
  if (power >= 0) return value * 10n ** BigInt(power);
  const by = 10n ** BigInt(-power);
  return (value + by - 1n) / by;
}
