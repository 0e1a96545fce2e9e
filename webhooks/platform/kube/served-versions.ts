import type { OptionalKind } from '../../core/resources/optional-kind.ts';
import type { KubeApi } from './api.ts';
import { isRecord, listAt, recordAt } from './object.ts';

/** A kind with several versions of the same fields. */
type Versioned = OptionalKind & { readonly requirement: { readonly olderVersions: readonly string[] } };

/**
 * The API as if it served each kind in the version that we speak: where only an older one with the same fields is served,
 * requests go there, and what comes back, or was written there before, says the version that we speak. So nobody else has to
 * know which one a cluster has.
 */
export function withServedVersions(
  api: KubeApi,
  kinds: readonly OptionalKind[],
  versionOf: (kind: string) => string | undefined,
): KubeApi {
  const versioned = kinds.filter(isVersioned);
  const speakerOf = (path: string): Speaker | undefined => {
    const of = versioned.find(({ apiVersion }) => path.startsWith(`/apis/${apiVersion}/`));
    return of && speakerFor(of, versionOf(of.kind) ?? of.apiVersion);
  };
  return {
    request: async (request) => {
      const speaker = speakerOf(request.path);
      if (speaker === undefined) return api.request(request);
      const path = speaker.toPath(request.path);
      const answer = await api.request({ ...request, path, ...speaker.toBody(request.body) });
      return answer.ok ? { ok: true, body: speaker.fromBody(answer.body) } : answer;
    },
    watch: (request, onEvent) => {
      const speaker = speakerOf(request.path);
      if (speaker === undefined) return api.watch(request, onEvent);
      return api.watch({ ...request, path: speaker.toPath(request.path) }, (event) => {
        onEvent({ ...event, object: speaker.fromBody(event.object) });
      });
    },
  };
}

function isVersioned(of: OptionalKind): of is Versioned {
  return of.requirement.olderVersions !== undefined;
}

interface Speaker {
  toPath(path: string): string;
  toBody(body: unknown): { readonly body?: unknown };
  fromBody(body: unknown): unknown;
}

function speakerFor({ apiVersion, requirement }: Versioned, served: string): Speaker {
  const others = new Set(requirement.olderVersions);
  const fromVersion = (of: unknown): unknown =>
    isRecord(of) && typeof of['apiVersion'] === 'string' && others.has(of['apiVersion']) ? { ...of, apiVersion } : of;
  const fromObject = (object: unknown): unknown => {
    const entries = listAt(recordAt(object, 'metadata'), 'managedFields');
    if (!isRecord(object) || entries.length === 0) return fromVersion(object);
    const metadata = { ...recordAt(object, 'metadata'), managedFields: entries.map(fromVersion) };
    return fromVersion({ ...object, metadata });
  };
  return {
    toPath: (path) => `/apis/${served}${path.slice(`/apis/${apiVersion}`.length)}`,
    toBody: (body) => {
      if (body === undefined) return {};
      return isRecord(body) && body['apiVersion'] === apiVersion ? { body: { ...body, apiVersion: served } } : { body };
    },
    fromBody: (body) =>
      isRecord(body) && Array.isArray(body['items'])
        ? { ...body, items: body['items'].map(fromObject) }
        : fromObject(body),
  };
}
