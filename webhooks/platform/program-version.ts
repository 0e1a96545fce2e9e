import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Set by the bundler (scripts/image). */
declare const MCP_LIFECYCLE_VERSION: string | undefined;

/** `script`: the file that was started. A bundle has no package.json beside it, so it carries its version. */
export async function readProgramVersion(script: string): Promise<string> {
  if (typeof MCP_LIFECYCLE_VERSION === 'string') return MCP_LIFECYCLE_VERSION;
  const { readCheckoutVersion } = await import('./checkout-version.ts');
  return readCheckoutVersion(join(dirname(realpathSync(script)), '..'));
}
