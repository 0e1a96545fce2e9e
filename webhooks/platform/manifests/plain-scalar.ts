/** What a value without quotes and tags means. */
export type PlainScalar =
  | { readonly type: 'value'; readonly value: string | number | boolean | null }
  /** `.inf` and `.nan`: numbers of YAML that JSON, and so Kubernetes, does not have. */
  | { readonly type: 'not a JSON number' };

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

const notJson = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

/**
 * A value without quotes as kubectl reads it, which is neither YAML 1.1 nor 1.2: `on` and `y` are true, `0777` is 511,
 * `08` is 8, `1_000` is 1000, `1:30` and `2001-01-01` stay texts. Whoever reads them otherwise can be walked past
 * (`privileged: on`). Measured with kubectl 1.35.
 */
export function resolvePlainScalar(source: string): PlainScalar {
  const word = words.get(source);
  if (word !== undefined) return { type: 'value', value: word };
  if (notJson.test(source)) return { type: 'not a JSON number' };
  return { type: 'value', value: parseNumber(source) ?? source };
}

const integer = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

function parseNumber(source: string): number | undefined {
  const plain = withoutUnderscores(source);
  if (plain === undefined) return undefined;
  const whole = parseInteger(plain);
  return whole === undefined ? parseFloating(plain) : Number(whole);
}

/** Nothing for what can be no number. */
function withoutUnderscores(source: string): string | undefined {
  if (!/^[-+.0-9]/.test(source)) return undefined;
  // Underscores may stand anywhere, but after a leading point only between digits.
  if (source.startsWith('.') && /(^|\D)_|_(\D|$)/.test(source)) return undefined;
  return source.replaceAll('_', '');
}

/** Nothing for what 64 bits do not hold: that is read as a floating-point number, if it can be. */
function parseInteger(plain: string): bigint | undefined {
  const [, sign, digits] = integer.exec(plain) ?? [];
  if (digits === undefined) return undefined;
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const isTooLarge = sign === '-' ? magnitude > 2n ** 63n : magnitude >= 2n ** 64n;
  if (isTooLarge) return undefined;
  // Zero has no sign in JSON.
  return sign === '-' ? -magnitude : magnitude;
}

function parseFloating(plain: string): number | undefined {
  if (!float.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** Whether kubectl reads a value without quotes as a whole number. */
export function isInteger(source: string): boolean {
  const plain = withoutUnderscores(source);
  return plain !== undefined && parseInteger(plain) !== undefined;
}

/**
 * The text that kubectl makes of a key without quotes: `on` is "true", `0777` is "511", `1e6` is "1e+06". Nothing for
 * what it refuses as a key: no value at all, and whole numbers of more than 63 bits.
 */
export function resolvePlainKey(source: string): string | undefined {
  const word = words.get(source);
  if (word !== undefined) return word === null ? undefined : String(word);
  if (notJson.test(source)) return source.replace('+', '').toLowerCase();
  const plain = withoutUnderscores(source);
  if (plain === undefined) return source;
  const whole = parseInteger(plain);
  if (whole !== undefined) return whole < 2n ** 63n ? String(whole) : undefined;
  const floating = parseFloating(plain);
  return floating === undefined ? source : formatSingle(floating);
}

/** The shortest digits that 32 bits tell apart, as Go's strconv.FormatFloat(number, 'g', -1, 32) writes them. */
function formatSingle(number: number): string {
  const single = Math.fround(number);
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  const shortest =
    Array.from({ length: 9 }, (_, digits) => single.toExponential(digits)).find(
      (text) => Math.fround(Number(text)) === single,
    ) ?? String(single);
  const [mantissa = '', exponent = '0'] = shortest.split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(shortest));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
