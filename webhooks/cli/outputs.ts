import type { RenderReport } from './outputs/render-report.ts';

/** Loaded when it is asked for: a run prints one or two of them, and pays for no other. */
interface ReportOutput {
  readonly load: () => Promise<RenderReport>;
  /** Whether it has a place for what a policy only keeps, and tells nobody. */
  readonly hasAudited?: true;
}

/** What `check --output` takes; the first is the default. Another one is a file with such a function, and a line here. */
export const reportOutputs = {
  text: { load: async () => (await import('./outputs/text.ts')).renderText },
  json: { load: async () => (await import('./outputs/json.ts')).renderJson, hasAudited: true },
  sarif: { load: async () => (await import('./outputs/sarif.ts')).renderSarif },
  junit: { load: async () => (await import('./outputs/junit.ts')).renderJunit },
  github: { load: async () => (await import('./outputs/github.ts')).renderGithub },
  gitlab: { load: async () => (await import('./outputs/gitlab.ts')).renderGitlab },
  markdown: { load: async () => (await import('./outputs/markdown.ts')).renderMarkdown },
} as const satisfies Readonly<Record<string, ReportOutput>>;

/** A row of the table, whichever it is. */
export function outputOf(name: OutputName): ReportOutput {
  return reportOutputs[name];
}

export type OutputName = keyof typeof reportOutputs;
