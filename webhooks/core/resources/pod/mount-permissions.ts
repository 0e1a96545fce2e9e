import type { Fields } from '../../mcpserver/record.ts';
import type { StorageMount } from '../../mcpserver/types.gen.ts';

/** What a mount says of them. */
export function mountPermissions(permissions: StorageMount['permissions']): Fields {
  switch (permissions ?? 'ReadOnly') {
    case 'ReadOnly':
      return { readOnly: true };
    case 'RecursiveReadOnly':
      return { readOnly: true, recursiveReadOnly: 'Enabled' };
    case 'ReadWrite':
      return {};
  }
}
