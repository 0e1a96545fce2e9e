import type { Place } from '../mcpserver/place.ts';
import type { Health, MCPServer, Probe, SecurityContext } from '../mcpserver/types.gen.ts';

/** A part of a container, and where its author wrote it. */
export interface ContainerPart<Value> {
  /** Violations are reported in it; at it, if no author writes what is inside ({@link Place.isEnd}). */
  readonly place: Place;
  /** Asked for every admission, so it builds nothing. Undefined where nothing is said. */
  of(server: MCPServer): Value | undefined;
}

/** A container that pods of MCPServers have, as rules see it. Those that exist: core/resources/pod/containers.ts. */
export interface JudgedContainer {
  readonly name: string;
  /** Whether the pods of this server have it. */
  isOf(server: MCPServer): boolean;
  readonly securityContext: ContainerPart<SecurityContext>;
  readonly health: ContainerPart<Health>;
  readonly startupProbe: ContainerPart<Probe>;
}
