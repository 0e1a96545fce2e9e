import type { MCPServer, MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { conditionOf } from '../core/plan/condition.ts';
import { nextReport } from '../core/plan/report.ts';
import { NOT_CHECKED } from '../core/plan/status.ts';
import { isSameUnchecked } from '../core/plan/unchecked-reference.ts';
import type { UncheckedReference } from '../core/plan/unchecked-reference.ts';
import { gatherWorkload } from './gather-workload.ts';
import { writeStatus } from './status-writer.ts';
import { regarding } from './world.ts';
import type { World } from './world.ts';

/**
 * Tells the owner that it cannot be told whether all that the server references is there: forbidden, or no answer. That
 * may go on for ever, and is no verdict about the server, so what status says of it stays as it is (as in the reference
 * API) and an event tells, once for each reason. Only a server that was never judged gets a status: Accepted=Unknown is
 * all that can be said, and nothing at all would look as if nobody were there.
 *
 * Writes that fail are tried again with the references.
 */
export async function tellNotChecked(
  key: string,
  server: MCPServer,
  unchecked: UncheckedReference,
  scope: { readonly world: World; readonly signal: AbortSignal },
): Promise<void> {
  const { world, signal } = scope;
  // What we broke off ourselves says nothing about the world.
  if (signal.aborted) return;
  const message = `${renderUnchecked(unchecked)}. Nothing is created or changed until it can be read; it is tried again.`;
  if (!wasTold(key, server, unchecked, world)) recordEvent(server, message, world);
  world.notChecked.set(key, unchecked);
  if (wasJudged(server.status)) return;
  const accepted = { state: 'not-checked', message } as const;
  const workload = await gatherWorkload(key, server, { ...scope, isApplied: false });
  await writeStatus(server, nextReport({ ...workload, accepted }), world, signal);
}

export function renderUnchecked({ kind, name, reason }: UncheckedReference): string {
  return `${kind} '${name}' not checked: ${reason}`;
}

/**
 * By us; or by an earlier reconciler, whose status says so: which reference it could not read is in its words only, and one
 * event too few is better than the same one after each restart.
 */
function wasTold(key: string, { status }: MCPServer, unchecked: UncheckedReference, world: World): boolean {
  const told = world.notChecked.get(key);
  return told === undefined
    ? conditionOf(status, 'Accepted')?.reason === NOT_CHECKED
    : isSameUnchecked(told, unchecked);
}

function recordEvent({ metadata }: MCPServer, note: string, world: World): void {
  world.events.record({
    regarding: regarding(metadata),
    type: 'Warning',
    reason: 'ReferenceNotChecked',
    action: 'ConfigurationValidation',
    note,
  });
}

function wasJudged(status: MCPServerStatus | undefined): boolean {
  const accepted = conditionOf(status, 'Accepted');
  return accepted !== undefined && accepted.reason !== NOT_CHECKED;
}
