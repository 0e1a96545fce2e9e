/** What examples of several rules are made of, in fewer lines. Each names what it is about; all else of a server is as ever. */
type Part = Readonly<Record<string, unknown>>;

export const asContainer = (securityContext: Part): Part => ({ runtime: { security: { securityContext } } });
export const asPod = (podSecurityContext: Part): Part => ({ runtime: { security: { podSecurityContext } } });

export const withVariables = (...env: readonly Part[]): Part => ({ config: { env } });
export const withVariablesFrom = (...envFrom: readonly Part[]): Part => ({ config: { envFrom } });
export const withMounts = (...storage: readonly Part[]): Part => ({ config: { storage } });

/** Sources of mounts. */
export const ofConfigMap = (configMap: Part): Part => ({ type: 'ConfigMap', configMap });
export const ofSecret = (secret: Part): Part => ({ type: 'Secret', secret });
export const ofEmptyDir = (emptyDir: Part): Part => ({ type: 'EmptyDir', emptyDir });

/** A server for stdio. */
export const withStdio = (stdio: Part): Part => ({ extensions: { stdio } });
export const withCommand = (...command: readonly string[]): Part => withStdio({ command });
