import { HTTP_ROUTE_PROVIDER, KUADRANT_PROVIDER } from '../mcpserver/gateway.ts';
import { pathOf, serviceUrl, USUAL_CLUSTER_DOMAIN } from '../mcpserver/names.ts';
import type { ExpansionInput, KubernetesObject } from './expanded-kind.ts';

type Texts = Readonly<Record<string, string>>;
type Announcing = Pick<ExpansionInput, 'server' | 'installation' | 'served'>;

/** What a gateway that looks for servers by itself finds them by. */
interface Announcement {
  /** Completes "the server is announced to it by …", for the condition. */
  readonly by: string;
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
      appProtocol: 'agentgateway.dev/mcp',
      service: ({ server, served }) => ({ 'agentgateway.dev/mcp-path': served?.path ?? pathOf(server) }),
    },
  ],
  [
    'gke',
    {
      by: 'a label and an annotation of its Deployment',
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

/** Metadata of the Service, with what the gateway of its server looks for. */
export function asAnnouncedService(
  metadata: KubernetesObject['metadata'],
  input: Announcing,
): KubernetesObject['metadata'] {
  const annotations = announcementOf(input.server)?.service?.(input);
  return annotations === undefined
    ? metadata
    : { ...metadata, annotations: { ...metadata.annotations, ...annotations } };
}

/** The Deployment that serves, in the same way; its candidate is nobody's to find. */
export function asAnnouncedDeployment(serving: KubernetesObject, input: Announcing): KubernetesObject {
  const said = announcementOf(input.server)?.deployment?.(input);
  if (said === undefined) return serving;
  const { metadata } = serving;
  const labels = { ...metadata.labels, ...said.labels };
  return {
    ...serving,
    metadata: { ...metadata, labels, annotations: { ...metadata.annotations, ...said.annotations } },
  };
}
