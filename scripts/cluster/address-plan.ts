import { ClusterFailure } from './failure.ts';

/** Every address of a cluster follows from two ranges. */
export interface AddressPlan {
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The node, and the bridge that pods see as their gateway and DNS server: the first address of the pods' range. */
  readonly nodeAddress: string;
  /** `nodeAddress` with the prefix length, as `ip addr add` wants it. */
  readonly bridgeAddress: string;
  /** Pods start here; what is below stays free for components on the bridge. */
  readonly firstPodAddress: string;
  /** The `kubernetes` Service: the first address of the Services' range, by Kubernetes' own rule. */
  readonly apiServiceAddress: string;
}

interface Range {
  readonly base: number;
  readonly prefix: number;
}

/** The smallest ranges that still hold 250 pods, or as many Services. */
const longestPrefix = 24;
const shortestPrefix = 12;

export function parseAddressPlan(podCidr: string, serviceCidr: string): AddressPlan {
  const pods = parseRange('--pod-cidr', podCidr);
  const services = parseRange('--service-cidr', serviceCidr);
  const shorter = Math.min(pods.prefix, services.prefix);
  if (networkOf(pods.base, shorter) === networkOf(services.base, shorter)) {
    throw new ClusterFailure(
      `--pod-cidr ${podCidr} and --service-cidr ${serviceCidr} overlap: choose two separate ranges.`,
    );
  }
  const nodeAddress = renderAddress(pods.base + 1);
  return {
    podCidr,
    serviceCidr,
    nodeAddress,
    bridgeAddress: `${nodeAddress}/${pods.prefix}`,
    firstPodAddress: renderAddress(pods.base + 10),
    apiServiceAddress: renderAddress(services.base + 1),
  };
}

function parseRange(flag: string, cidr: string): Range {
  const [address = '', length = ''] = cidr.split('/');
  const base = parseAddress(address);
  const prefix = /^\d+$/.test(length) ? Number(length) : NaN;
  const isUsable = prefix >= shortestPrefix && prefix <= longestPrefix;
  if (base === undefined || !isUsable || networkOf(base, prefix) !== base) {
    throw new ClusterFailure(
      `${flag} ${cidr} is not a usable IPv4 range: give the first address and a length from /${shortestPrefix} to /${longestPrefix}, such as 10.244.0.0/16.`,
    );
  }
  return { base, prefix };
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function renderAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

function networkOf(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) * size;
}
