import { listAt, recordAt } from '../kube/object.ts';
import { countOffers } from './count-offers.ts';
import type { EraAnswer } from './era-answer.ts';
import { unsettled } from './era-answer.ts';
import { isWithoutCommonVersion, noCommonVersion } from './judge-reply.ts';
import { send, statelessRequest } from './mcp-call.ts';
import type { McpCall } from './mcp-call.ts';
import { statelessVersion } from './protocol-versions.ts';
import { toServerInfo } from './server-info.ts';

/** Asks `server/discover` (2026-07-28), the one request that a steady server of this era costs. */
export async function askStateless(call: McpCall, endsAt: number): Promise<EraAnswer> {
  const reply = await send(call, statelessRequest(call, 'server/discover'), { endsAt });
  if (reply.type !== 'result') return unsettled(reply, call);
  const versions = listAt(reply.result, 'supportedVersions');
  if (!versions.includes(statelessVersion)) {
    const namesVersions = isWithoutCommonVersion(versions);
    const message = namesVersions
      ? noCommonVersion(versions)
      : `its answer to server/discover is without ${statelessVersion}`;
    return {
      ...{ type: 'unsettled', how: 'other-era', namesVersions },
      failure: { state: 'failed', message, cause: 'version' },
    };
  }
  const identity =
    recordAt(recordAt(reply.result, '_meta'), 'io.modelcontextprotocol/serverInfo') ??
    recordAt(reply.result, 'serverInfo');
  const serverInfo = toServerInfo(reply.result, identity, statelessVersion);
  const listsEndAt = call.deadlines.lists;
  const offers = call.countsOffers
    ? await countOffers(serverInfo.capabilities, call, (method, cursor) => {
        const limits = { endsAt: listsEndAt, maxAnswerBytes: call.budget.maxPageBytes };
        return send(call, statelessRequest(call, method, cursor), limits);
      })
    : {};
  return { type: 'verdict', result: { state: 'verified', era: 'stateless', serverInfo, ...offers } };
}
