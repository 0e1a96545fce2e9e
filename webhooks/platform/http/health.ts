import { text, type PlainRoutes } from './plain-server.ts';

/** Ready, or every reason why not, each a short clause: "certificate: none yet". */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reasons: readonly string[] };

export interface HealthOptions {
  readonly readiness: () => Readiness;
  /** Something that only a restart can cure, in one clause; undefined while we live. Never a dependency's failure. */
  readonly fatal?: () => string | undefined;
}

/** `/livez` (and `/healthz`): only a restart would help when it fails. `/readyz`: may we get requests? */
export function healthRoutes({ readiness, fatal = () => undefined }: HealthOptions): PlainRoutes {
  const live = () => {
    const reason = fatal();
    return reason === undefined ? text(200, 'ok') : text(503, reason);
  };
  return {
    '/livez': live,
    '/healthz': live,
    '/readyz': () => {
      const now = readiness();
      return now.ready ? text(200, 'ok') : text(503, now.reasons.join('\n'));
    },
  };
}
