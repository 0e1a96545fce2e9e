// Runs inside the cluster's network: `hostile-load.ts connections|bodies HOST` loads one webhook pod directly, with requests
// of the form of an API server's, and says how it answered. The certificate is not checked: it is for the Service's name,
// and this is not about it.
import { Agent, request } from 'node:https';
import { headersAsApiServer, isDirectAnswer, sendAsApiServer } from '../admission/as-api-server.ts';
import { createReview } from '../admission/review.ts';

const [, , kind = '', host = ''] = process.argv;

/** HTTP status, or `broken` when there was none; and whether it came the direct way. */
function post(agent: Agent, body: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const headers = headersAsApiServer(host, body);
    const sent = request(
      { host, port: 10250, path: '/validate?timeout=5s', method: 'POST', headers, agent, rejectUnauthorized: false },
      (response) => {
        response.resume().on('end', () => {
          resolve(`${response.statusCode ?? 0}${isDirectAnswer(response) ? ' directly' : ''}`);
        });
      },
    );
    sent.on('error', () => {
      resolve('broken');
    });
    sendAsApiServer(sent, body);
  });
}

/** 7 MiB that parse: one long text, which costs the most memory that one body can. */
function largeReview(): Buffer {
  const { request: inner, ...review } = JSON.parse(createReview().toString('utf8')) as { request: { object: object } };
  const filling = 'x'.repeat(7 * 1024 * 1024 - 8192);
  return Buffer.from(JSON.stringify({ ...review, request: { ...inner, object: { ...inner.object, filling } } }));
}

const loads: Readonly<Record<string, { width: number; body: () => Buffer; seconds: number }>> = {
  connections: { width: 64, body: createReview, seconds: 20 },
  bodies: { width: 16, body: largeReview, seconds: 20 },
};

const load = loads[kind];
if (load === undefined) throw new Error('usage: hostile-load.ts connections|bodies HOST');
const { width, seconds } = load;
const body = load.body();
const agent = new Agent({ keepAlive: true, maxSockets: width });
const counts = new Map<string, number>();
const endAt = performance.now() + seconds * 1000;
await Promise.all(
  Array.from({ length: width }, async () => {
    while (performance.now() < endAt) {
      const answer = await post(agent, body);
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    }
  }),
);
agent.destroy();
process.stdout.write(`${[...counts].map(([status, count]) => `${count} × ${status}`).join(', ')}\n`);
