import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that Linux gives to connections and to listeners on port 0, which come and go beside a test. */
const [from, to] = [20_000, 30_000];

/** A port that nobody listens at, for what has to be told its port. For tests. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(from, to);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, () => {
        resolve(true);
      });
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
