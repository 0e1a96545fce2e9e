/** A path that is clean already: no part is empty or starts with a dot. */
const plain = /^(\/[^/.][^/]*)+$/;

export function isCleanPath(path: string): boolean {
  return plain.test(path);
}

/** Without empty parts, `.` and `..`: where the mount really is. */
export function cleanPath(path: string): string {
  if (plain.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
