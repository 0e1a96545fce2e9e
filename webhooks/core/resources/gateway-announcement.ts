import { denialBy } from '../engine/denial-by.ts';
import { HTTP_ROUTE_PROVIDER, KUADRANT_PROVIDER, PUBLISHING_RULE } from '../mcpserver/gateway.ts';
import { pathOf, serviceUrl, USUAL_CLUSTER_DOMAIN } from '../mcpserver/names.ts';
import type { ExpansionInput, KubernetesObject } from './expanded-kind.ts';
import { mcpGatewayBinding } from './mcp-gateway-binding.ts';

type Texts = Readonly<Record<string, string>>;
type Announcing = Pick<ExpansionInput, 'server' | 'installation' | 'served' | 'verdict' | 'isAnnounced'>;

/** What a gateway that looks for servers by itself finds them by. */
interface Announcement {
  /** Completes "the server is announced to it by …", for the condition. */
  readonly by: string;
  /** The object that has it, and a field that nothing else of ours writes there. */
  readonly mark: { readonly kind: string; readonly field: string };
  /** Of each port of the Service. */
  readonly appProtocol?: string;
  /** Of the Service. */
  service?(input: Announcing): Texts;
  /** Of the Deployment that serves; never of its pods, which would be replaced. */
  deployment?(input: Announcing): { readonly labels: Texts; readonly annotations: Texts };
}

/** By provider. What serves is where it is found, until what replaces it does. */
const announcements: ReadonlyMap<string, Announcement> = new Map<string, Announcement>([
  [
    'agentgateway',
    {
      by: 'appProtocol and annotations of its Service',
      mark: { kind: 'Service', field: 'appProtocol' },
      appProtocol: 'agentgateway.dev/mcp',
      service: ({ server, served }) => ({ 'agentgateway.dev/mcp-path': served?.path ?? pathOf(server) }),
    },
  ],
  [
    'gke',
    {
      by: 'a label and an annotation of its Deployment',
      mark: { kind: 'Deployment', field: 'registry.gke.io/functional-type' },
      deployment: ({ server, installation, served }) => ({
        labels: { 'registry.gke.io/functional-type': 'MCP_SERVER' },
        annotations: {
          'modelcontextprotocol.info/urls':
            served?.url ?? serviceUrl(server, installation?.clusterDomain ?? USUAL_CLUSTER_DOMAIN),
        },
      }),
    },
  ],
]);

/** The providers that something in this tree is done for. */
export const ownProviders: readonly string[] = [HTTP_ROUTE_PROVIDER, KUADRANT_PROVIDER, ...announcements.keys()];

/** Undefined for a server whose provider looks for nothing of the kind. */
export function announcementOf({ spec }: ExpansionInput['server']): Announcement | undefined {
  return spec.gateway === undefined ? undefined : announcements.get(spec.gateway.provider);
}

/**
 * The same, but for one that is not to be made: a policy does not let the server be published, or it is not known whether anything
 * comes of spec.gateway. What announces a server already stays, like a route.
 */
function wantedAnnouncement({ server, verdict, isAnnounced = false }: Announcing): Announcement | undefined {
  const isMade =
    verdict === undefined ||
    (verdict.apis.get(mcpGatewayBinding.kind) === 'served' &&
      denialBy(PUBLISHING_RULE, verdict.findings) === undefined);
  return isMade || isAnnounced ? announcementOf(server) : undefined;
}

/** Completes "it is announced by …"; undefined: it is not. */
export function announcedBy(input: Announcing): string | undefined {
  return wantedAnnouncement(input)?.by;
}

export function appProtocolOf(input: Announcing): string | undefined {
  return wantedAnnouncement(input)?.appProtocol;
}

/** Metadata of the Service, with what the gateway of its server looks for. */
export function asAnnouncedService(
  metadata: KubernetesObject['metadata'],
  input: Announcing,
): KubernetesObject['metadata'] {
  const annotations = wantedAnnouncement(input)?.service?.(input);
  return annotations === undefined
    ? metadata
    : { ...metadata, annotations: { ...metadata.annotations, ...annotations } };
}

/** The Deployment that serves, in the same way; its candidate is nobody's to find. */
export function asAnnouncedDeployment(serving: KubernetesObject, input: Announcing): KubernetesObject {
  const said = wantedAnnouncement(input)?.deployment?.(input);
  if (said === undefined) return serving;
  const { metadata } = serving;
  const labels = { ...metadata.labels, ...said.labels };
  return {
    ...serving,
    metadata: { ...metadata, labels, annotations: { ...metadata.annotations, ...said.annotations } },
  };
}
