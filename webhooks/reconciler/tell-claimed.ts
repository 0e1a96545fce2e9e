import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { renderFields } from '../core/plan/foreign/standing.ts';
import type { Executed } from './execute.ts';
import { regarding } from './world.ts';
import type { World } from './world.ts';

/** Whoever wrote a field that is gone now, and the owner of the server, should meet the reason. */
export function tellClaimed({ metadata }: MCPServer, executed: readonly Executed[], world: World): void {
  for (const { action, result } of executed) {
    if (result !== 'done' || action.type !== 'apply' || action.claims === undefined) continue;
    const { fields, more, isTakeOver } = action.claims;
    const what = renderFields(fields, more);
    const note = isTakeOver
      ? `${action.of.kind}: taken over from the reference operator; what it wrote and the MCPServer does not say is gone. ${what}`
      : `${action.of.kind}: took back what only the MCPServer can say: ${what}. It has the MCPServer's value again, or is gone where that says none: write it there, if there is a field for it.`;
    world.events.record({
      regarding: regarding(metadata),
      ...(isTakeOver
        ? { type: 'Normal', reason: 'TakenOver', action: 'TakeOver' }
        : { type: 'Warning', reason: 'ForeignFieldsRemoved', action: 'RemoveForeignFields' }),
      note,
    });
  }
}
