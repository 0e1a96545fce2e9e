import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { objectPath, type ApiError, type KubeApi } from '../kube/api.ts';
import { isRecord, listAt, numberAt, stringAt } from '../kube/object.ts';

/** Who answers at the address of one replica, or that nobody listens there, or why that is not known. */
export type Presented =
  | { readonly type: 'certificate'; readonly certificate: X509Certificate }
  | { readonly type: 'closed' }
  | { readonly type: 'unknown'; readonly why: string };

/** Asks one address for the certificate that it presents. */
export type AskAddress = (address: { readonly host: string; readonly port: number }) => Promise<Presented>;

export interface ServingReplicasOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly serviceName: string;
  readonly signal: AbortSignal;
  readonly ask: AskAddress;
}

/** `others`: what still presents another certificate, or cannot be asked, one clause each. */
export type ServingReplicas =
  { readonly ok: true; readonly others: readonly string[] } | { readonly ok: false; readonly error: ApiError };

/** So many addresses are asked at the same time. */
const askedAtOnce = 8;

/**
 * Whether every replica behind the Service presents `certificate`, also those that are not ready and those that are going.
 * An address where nothing listens presents nothing, and what begins to listen there reads the Secret first.
 */
export async function askOtherReplicas(certificate: string, options: ServingReplicasOptions): Promise<ServingReplicas> {
  const { api, namespace, serviceName, signal } = options;
  const listed = await api.request({
    method: 'GET',
    path: objectPath({ apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices', namespace }),
    query: { labelSelector: `kubernetes.io/service-name=${serviceName}` },
    signal,
  });
  if (!listed.ok) return listed;
  const wanted = new X509Certificate(certificate);
  const addresses = addressesOf(listAt(listed.body, 'items'));
  const others: string[] = [];
  for (let at = 0; at < addresses.length; at += askedAtOnce) {
    const asked = addresses.slice(at, at + askedAtOnce).map(async (address) => {
      const difference = differenceOf(await options.ask(address), wanted);
      return difference === undefined ? [] : [`${address.host} ${difference}`];
    });
    others.push(...(await Promise.all(asked)).flat());
  }
  return { ok: true, others };
}

function differenceOf(presented: Presented, wanted: X509Certificate): string | undefined {
  if (presented.type === 'closed') return undefined;
  if (presented.type === 'unknown') return `cannot be asked: ${presented.why}`;
  return presented.certificate.raw.equals(wanted.raw)
    ? undefined
    : `presents the certificate with serial ${presented.certificate.serialNumber}`;
}

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/: the ports of a slice are those of its endpoints. */
function addressesOf(slices: readonly unknown[]): readonly { readonly host: string; readonly port: number }[] {
  return slices.flatMap((slice) =>
    listAt(slice, 'ports').flatMap((entry) => {
      const port = numberAt(entry, 'port');
      return port === undefined ? [] : hostsOf(slice).map((host) => ({ host, port }));
    }),
  );
}

function hostsOf(slice: unknown): readonly string[] {
  // One address an endpoint: the others are of the same pod.
  return listAt(slice, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses').slice(0, 1) as string[]);
}

/** How long a replica may take to show its certificate, in milliseconds. */
const handshakeMs = 3_000;

/**
 * Asks by a TLS handshake. The certificate is compared and not trusted, so it is not verified here: a client that trusts
 * our CA verifies it, and a replica that presents an older one shall be found and not refused.
 */
export function askByHandshake(serverName: string): AskAddress {
  return ({ host, port }) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, servername: serverName, rejectUnauthorized: false, timeout: handshakeMs });
      const end = (presented: Presented): void => {
        socket.destroy();
        resolve(presented);
      };
      socket.once('secureConnect', () => {
        end(presentedBy(socket));
      });
      socket.once('timeout', () => {
        end({ type: 'unknown', why: `no handshake within ${handshakeMs / 1000} s` });
      });
      // Stays: a second error of the same socket would end the process if nobody listened.
      socket.on('error', (error: Error) => {
        const code = isRecord(error) ? stringAt(error, 'code') : undefined;
        end(code === 'ECONNREFUSED' ? { type: 'closed' } : { type: 'unknown', why: code ?? error.message });
      });
    });
}

/** Throws nothing: a certificate that cannot be parsed is one more that is not ours. */
function presentedBy(socket: TLSSocket): Presented {
  try {
    const certificate = socket.getPeerX509Certificate();
    return certificate === undefined
      ? { type: 'unknown', why: 'no certificate' }
      : { type: 'certificate', certificate };
  } catch {
    return { type: 'unknown', why: 'a certificate that cannot be read' };
  }
}
