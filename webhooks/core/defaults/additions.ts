import type {
  Health,
  MCPServer,
  PodSecurityContext,
  ResourceRequirements,
  SecurityContext,
} from '../mcpserver/types.gen.ts';

/**
 * What defaults add to one server. It is gathered before anything is copied: of every admission this copies each part of
 * the server once, and not once for each default.
 */
export class Additions {
  #container: SecurityContext | undefined;
  #pod: PodSecurityContext | undefined;
  #health: Health | undefined;
  #resources: ResourceRequirements | undefined;

  /** Fields for the security context of the container: to be set by defaults. */
  container(): SecurityContext {
    return (this.#container ??= {});
  }

  /** The same for that of the pod. */
  pod(): PodSecurityContext {
    return (this.#pod ??= {});
  }

  /** All of them, those of the author included. */
  setHealth(health: Health): void {
    this.#health = health;
  }

  setResources(resources: ResourceRequirements): void {
    this.#resources = resources;
  }

  /** The server with all of this; the same object where there is none, and untouched parts are the same ones. */
  addTo(server: MCPServer): MCPServer {
    const [container, pod, health, resources] = [this.#container, this.#pod, this.#health, this.#resources];
    const addsSecurity = container !== undefined || pod !== undefined;
    if (!addsSecurity && health === undefined && resources === undefined) return server;
    const { spec } = server;
    const runtime = { ...spec.runtime };
    if (addsSecurity) {
      const security = { ...runtime.security };
      if (container !== undefined) security.securityContext = merge(security.securityContext, container);
      if (pod !== undefined) security.podSecurityContext = merge(security.podSecurityContext, pod);
      runtime.security = security;
    }
    if (health !== undefined) runtime.health = health;
    if (resources !== undefined) runtime.resources = resources;
    return { ...server, spec: { ...spec, runtime } };
  }
}

function merge<Context extends object>(said: Context | undefined, added: Context): Context {
  return said === undefined ? added : { ...said, ...added };
}
