import { RETRY_ANNOTATION } from '../mcpserver/names.ts';

/** As the schema of status.extensions.rollout says, in characters. */
const maxRetryLength = 253;

/** Which try was asked for, as it is remembered with what fails: another text asks for another one. */
export function retryAskedIn(annotations: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const asked = annotations?.[RETRY_ANNOTATION];
  return typeof asked === 'string' ? asked.slice(0, maxRetryLength) : undefined;
}
