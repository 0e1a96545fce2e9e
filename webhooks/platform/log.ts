import { shortenEnd } from '../core/engine/text.ts';

/** Variable parts of a log line. The same key for the same thing everywhere: server, namespace, requestUid, ruleId. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One JSON line per event: constant message, variable parts as fields. Never a body, never a Secret's value. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields & { readonly error?: string }): void;
}

const levels = { debug: 10, info: 20, warn: 30, error: 40 } as const;
export type LogLevel = keyof typeof levels;

/** What a level may be, the most talkative first. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The same in the order of an environment variable, whose default is the first one. */
export const logLevelWords = ['info', 'debug', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** A logger of which somebody decides while it is used what it leaves out. */
export interface AdjustableLogger extends Logger {
  level: LogLevel;
}

export function createLogger(options: {
  /** At first. */
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly now: () => Date;
}): AdjustableLogger {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (levels[level] < levels[logger.level]) return;
      const line = JSON.stringify({ time: options.now().toISOString(), level, message, ...fields }, bounded);
      options.write(`${line.replace(unescaped, escape)}\n`);
    };
  const logger: AdjustableLogger = {
    level: options.level,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
  return logger;
}

/** Longest text of one field, in characters: causes quote what somebody else sent. */
const maxFieldLength = 4_000;

function bounded(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > maxFieldLength ? shortenEnd(value, maxFieldLength) : value;
}

/**
 * What JSON leaves as it is and a terminal obeys or does not show: C1 controls, line separators, direction marks and the
 * like. Escaped they mean the same.
 */
const unescaped = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

function escape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** For tests and one-shot commands. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The text of whatever was thrown, with the texts of its causes; never JSON of an Error (that is `{}`). */
export function errorText(error: unknown): string {
  const texts: string[] = [];
  let next = error;
  while (next instanceof Error && texts.length < maxCauses) {
    texts.push(next.message);
    next = next.cause;
  }
  if (next !== undefined && texts.length < maxCauses) texts.push(textOf(next));
  return texts.join(': ');
}

/** An error can be its own cause. */
const maxCauses = 8;

/** Not everything that can be thrown can become a text: `{ toString: 0 }`, lists in lists without end. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `a value of type ${typeof value}`;
  }
}
