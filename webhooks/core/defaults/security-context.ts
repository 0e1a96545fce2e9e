import type { MCPServer, PodSecurityContext, Security, SecurityContext } from '../mcpserver/types.gen.ts';

/** The server with fields added to its container's security context; everything else stays the same object. */
export function withContainerSecurity(server: MCPServer, added: SecurityContext): MCPServer {
  const security = server.spec.runtime?.security ?? {};
  return withSecurity(server, { ...security, securityContext: { ...security.securityContext, ...added } });
}

/** The server with fields added to its pod's security context; everything else stays the same object. */
export function withPodSecurity(server: MCPServer, added: PodSecurityContext): MCPServer {
  const security = server.spec.runtime?.security ?? {};
  return withSecurity(server, { ...security, podSecurityContext: { ...security.podSecurityContext, ...added } });
}

function withSecurity(server: MCPServer, security: Security): MCPServer {
  return { ...server, spec: { ...server.spec, runtime: { ...server.spec.runtime, security } } };
}
