/** The environment of one container. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of an environment at once, one line each. */
export type Parsed<T> =
  { readonly ok: true; readonly config: T } | { readonly ok: false; readonly problems: readonly string[] };

export interface Reader {
  required(name: string): string;
  optional(name: string, fallback: string): string;
  port(name: string, fallback: number): number;
  /** A whole number of seconds, at most an hour. */
  seconds(name: string, fallback: number): number;
  /** At least one, at most a thousand. */
  count(name: string, fallback: number): number;
  /** One of these words; the first one when nothing is set. */
  oneOf<Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word;
  /** Between two bounds, both included. */
  integer(name: string, fallback: number, bounds: IntegerBounds): number;
  /** Undefined when it is not set; `problem` says what is wrong with one that is not good. */
  checked(name: string, isGood: (value: string) => boolean, problem: string): string | undefined;
  /** Words with commas between them; none when it is not set. */
  list(name: string): readonly string[];
  /** Any of these words. */
  someOf(name: string, words: readonly string[]): readonly string[];
  /** The same, and not none: a rule that knows nothing would protect nothing. */
  names(name: string): readonly string[];
  /** `key=value`, with commas between them. */
  pairs(name: string): Readonly<Record<string, string>>;
  result<T>(config: T): Parsed<T>;
}

interface IntegerBounds {
  readonly what: string;
  readonly min?: number;
  readonly max: number;
}

/** `whoSets`: the end of the sentence about a variable that is not there. */
export function createReader(environment: Environment, whoSets: string): Reader {
  const problems: string[] = [];
  const value = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const list = (name: string): readonly string[] => (value(name) ?? '').split(',').filter((word) => word !== '');
  const required = (name: string): string => {
    const found = value(name);
    if (found === undefined) problems.push(`${name} is not set: ${whoSets}.`);
    return found ?? '';
  };
  const integer = (name: string, fallback: number, { what, min = 0, max }: IntegerBounds): number => {
    const found = value(name);
    if (found === undefined) return fallback;
    const number = Number(found);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    problems.push(`${name} is '${found}': use ${what} between ${min} and ${max}.`);
    return fallback;
  };
  return {
    required,
    optional: (name, fallback) => value(name) ?? fallback,
    port: (name, fallback) => integer(name, fallback, { what: 'a port', max: 65535 }),
    seconds: (name, fallback) => integer(name, fallback, { what: 'a whole number of seconds', max: 3600 }),
    count: (name, fallback) => integer(name, fallback, { what: 'a whole number', min: 1, max: 1000 }),
    oneOf(name, words) {
      const found = value(name) ?? words[0];
      const known = words.find((word) => word === found);
      if (known === undefined)
        problems.push(`${name} is '${found}': use ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}.`);
      return known ?? words[0];
    },
    integer,
    checked(name, isGood, problem) {
      const found = value(name);
      if (found !== undefined && !isGood(found)) problems.push(`${name} ${problem}`);
      return found;
    },
    list,
    someOf(name, words) {
      const found = list(name);
      const unknown = found.filter((word) => !words.includes(word));
      if (unknown.length > 0) problems.push(`${name} has ${unknown.join(', ')}: use any of ${words.join(', ')}.`);
      return found;
    },
    names: (name) => (required(name) === '' ? [] : list(name)),
    pairs(name) {
      const pairs = list(name).map((pair) => pair.split('=', 2));
      const broken = pairs.find(([key, text]) => key === '' || text === undefined);
      if (broken !== undefined) problems.push(`${name} has the part '${broken.join('=')}': write key=value.`);
      return Object.fromEntries(pairs.map(([key = '', text = '']) => [key, text]));
    },
    result: (config) => (problems.length === 0 ? { ok: true, config } : { ok: false, problems }),
  };
}
