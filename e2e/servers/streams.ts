import type { Call } from './odd-answers.ts';

const everyMs = 1_000;
/** Longer than gateways wait that end what is silent after a minute. */
const silentMs = 61_000;

export interface Streams {
  /** Answers a call of a tool with events until the client leaves: every second, of the tool `waits` every minute, of `silent` never. */
  readonly begin: (call: Call) => void;
  /** How many clients have not left. */
  readonly count: () => number;
}

export function createStreams(): Streams {
  let open = 0;
  return {
    count: () => open,
    begin({ request, response }) {
      open += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      const tool = request.headers['mcp-name'];
      const timer = setInterval(
        () => {
          if (tool !== 'silent') response.write('data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n');
        },
        tool === 'waits' ? silentMs : everyMs,
      );
      response.once('close', () => {
        open -= 1;
        clearInterval(timer);
      });
    },
  };
}
