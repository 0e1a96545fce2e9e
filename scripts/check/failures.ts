import { relative } from 'node:path';

/** What Jest writes with `--json`, as far as it is read here. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly JestFile[];
}

interface JestFile {
  /** Its path. */
  readonly name: string;
  readonly status: string;
  /** Of all its failures; of the file itself where it could not run. */
  readonly message: string;
  readonly assertionResults: readonly {
    readonly ancestorTitles: readonly string[];
    readonly title: string;
    readonly status: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}

/** Of one line, in characters: the name of a test and the beginning of why. */
const maxLength = 300;

/** `file › suite › test: why`, one line for each test that failed, and for each file that could not run. */
export function failuresOf({ testResults }: JestReport, root = process.cwd()): readonly string[] {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const file = relative(root, name);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      if (failed.length === 0) return [line([file], message)];
      return failed.map(({ ancestorTitles, title, failureMessages }) =>
        line([file, ...ancestorTitles, title], failureMessages?.[0] ?? ''),
      );
    });
}

function line(path: readonly string[], why: string): string {
  const [said = ''] = withoutColours(why)
    .split('\n')
    .map((text) => text.trim())
    // What Jest puts above the error of a file: `● Test suite failed to run`.
    .filter((text) => text !== '' && !text.startsWith('●'));
  const text = `${path.join(' › ')}${said === '' ? '' : `: ${said}`}`;
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

function withoutColours(text: string): string {
  // eslint-disable-next-line no-control-regex -- that is how a terminal is told of them
  return text.replaceAll(/\u001B\[[\d;]*m/g, '');
}
