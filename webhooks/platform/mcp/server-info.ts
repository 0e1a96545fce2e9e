import { oneLine, severalLines } from '../../core/engine/text.ts';
import type { ServerInfo } from '../../core/plan/observed.ts';
import { isRecord, recordAt, stringAt } from '../kube/object.ts';

/** Longest text of the server that goes into status, in characters. */
const maxNameLength = 256;
const maxInstructionsLength = 2_000;

/** What status says of a server, from its answer to `initialize` or `server/discover`. */
export function toServerInfo(
  result: Readonly<Record<string, unknown>>,
  identity: Readonly<Record<string, unknown>> | undefined,
  protocolVersion: string,
): ServerInfo {
  const capabilities = recordAt(result, 'capabilities');
  const has = (name: string): boolean => isRecord(capabilities?.[name]);
  const instructions = stringAt(result, 'instructions');
  return {
    name: oneLine(stringAt(identity, 'name') ?? '', maxNameLength),
    version: oneLine(stringAt(identity, 'version') ?? '', maxNameLength),
    protocolVersion,
    ...(instructions === undefined ? {} : { instructions: severalLines(instructions, maxInstructionsLength) }),
    capabilities: {
      tools: has('tools'),
      resources: has('resources'),
      prompts: has('prompts'),
      logging: has('logging'),
      completions: has('completions'),
    },
  };
}
