import { extensionNameOf, settingIn } from './gateway.ts';
import type { GatewayName, GatewaySettings } from './gateway.ts';

/**
 * What one server at a time has: the MCP gateway of Kuadrant takes no second one with a prefix below the same
 * MCPGatewayExtension, https://github.com/Kuadrant/mcp-gateway/pull/1398.
 */
export interface PrefixClaim {
  readonly extension: GatewayName;
  readonly prefix: string;
}

/** A server that is registered with a prefix, or asks for one. */
export interface Registrant {
  readonly namespace: string;
  readonly name: string;
}

/** Whether a registration can have it. */
export function isPrefix(text: string): boolean {
  return /^[a-z0-9][a-z0-9_]*$/.test(text);
}

/** Undefined where the settings claim none, or one that no registration can have. */
export function prefixClaimOf(settings: GatewaySettings | undefined): PrefixClaim | undefined {
  const extension = extensionNameOf(settings);
  const prefix = settingIn(settings, 'prefix');
  return extension === undefined || prefix === undefined || !isPrefix(prefix) ? undefined : { extension, prefix };
}

/** One text for each claim. It is longer than the value of a label can be, which is a digest of it. */
export function claimText({ extension, prefix }: PrefixClaim): string {
  return `${extension.namespace}/${extension.name}/${prefix}`;
}

/** Who keeps a server from a prefix: of those that are registered with it, oldest first, the gateway takes the oldest. */
export function holderBefore(registered: readonly Registrant[], server: Registrant): Registrant | undefined {
  const [oldest] = registered;
  return oldest === undefined || isSameRegistrant(oldest, server) ? undefined : oldest;
}

export function isSameRegistrant(a: Registrant, b: Registrant): boolean {
  return a.namespace === b.namespace && a.name === b.name;
}
