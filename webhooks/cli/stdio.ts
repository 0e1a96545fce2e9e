import { groupCommands } from './command-group.ts';
import { stdioResolve } from './stdio-resolve.ts';

/** What can be done for servers for stdio. */
export const stdio = groupCommands('stdio', { resolve: stdioResolve });
