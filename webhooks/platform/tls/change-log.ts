import type { Logger } from '../log.ts';

export type LogOnChange = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string>>) => void;

/** What stays as it is is looked at again and again, and said once. */
export function createChangeLog(log: Logger): LogOnChange {
  let last = '';
  return (level, message, fields) => {
    const text = JSON.stringify([message, fields]);
    if (text !== last) log[level](message, fields);
    last = text;
  };
}
