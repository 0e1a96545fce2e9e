/** Where a command reads and writes; main.ts connects it to the process. */
export interface Terminal {
  readonly readStdin: () => Promise<Uint8Array>;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Whether colours may be used on standard output. */
  readonly hasColour: boolean;
  /** The working folder. */
  readonly folder: string;
  /** Version of this program, for whom it asks. */
  readonly readVersion?: () => Promise<string>;
  /** For programs that a command runs. */
  readonly env: NodeJS.ProcessEnv;
}
