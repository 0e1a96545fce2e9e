import type { RenderReport } from './printed-report.ts';
import { renderJson } from './render-json.ts';
import { renderText } from './render-text.ts';

/** What `check --output` takes; the first is the default. Another one is a file with such a function, and a line here. */
export const reportOutputs = {
  text: renderText,
  json: renderJson,
} as const satisfies Readonly<Record<string, RenderReport>>;
