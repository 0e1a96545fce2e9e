import type { Clock } from '../clock.ts';
import type { ApiServer, Credentials } from './api.ts';

/** How long credentials are used without looking again, in milliseconds: files that others replace are behind them. */
const maxAgeMs = 30_000;

/** An API server whose credentials are read at most every 30 s, and after a 401. */
export function createApiServer(url: URL, clock: Clock, read: () => Promise<Credentials>): ApiServer {
  let last: { readonly at: number; readonly credentials: Credentials } | undefined;
  return {
    url,
    forgetCredentials: () => {
      last = undefined;
    },
    async credentials() {
      const now = clock.monotonicMs();
      if (last !== undefined && now - last.at < maxAgeMs) return last.credentials;
      const credentials = await read();
      last = { at: now, credentials };
      return credentials;
    },
  };
}
