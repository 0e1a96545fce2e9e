/** What `go list` and `go build -v` say while they work, as how far they are. */
export interface BuildProgress {
  /** What Go wrote to stderr, in pieces as they come. */
  readonly read: (text: string) => void;
  /** `412 of 2,503 packages`; modules first, whose number nobody knows before. Undefined until there is something to say. */
  readonly howFar: () => string | undefined;
  /** So many packages are to be compiled. */
  readonly expect: (packages: number) => void;
}

/** `go build -v` writes the import path of each package that it begins to compile on a line of its own. */
const importPath = /^[\w.~-]+(?:\/[\w.~+-]+)*$/;

export function followBuild(): BuildProgress {
  let [modules, compiled, unread] = [0, 0, ''];
  let expected: number | undefined;
  return {
    read: (text) => {
      const lines = `${unread}${text}`.split('\n');
      unread = lines.pop() ?? '';
      modules += lines.filter((line) => line.startsWith('go: downloading ')).length;
      compiled += lines.filter((line) => importPath.test(line)).length;
    },
    expect: (packages) => {
      expected = packages;
    },
    howFar: () => {
      if (expected === undefined) return modules === 0 ? undefined : `${modules} modules downloaded`;
      // What begins last is not done yet, and the programs are linked after it.
      return compiled < expected ? `${count(compiled)} of ${count(expected)} packages` : 'linking';
    },
  };
}

function count(number: number): string {
  return number.toLocaleString('en');
}
