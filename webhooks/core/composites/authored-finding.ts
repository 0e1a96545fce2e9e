import type { Finding } from '../engine/finding.ts';
import type { Authored } from './composite-kind.ts';

/** A finding in an MCPServer as it is told: with the places and the names of fields that its author knows. */
export function inAuthoredWords(finding: Finding, authored: Authored): Finding {
  const { path, headline, detail, remedy } = finding;
  return {
    ...finding,
    path: authored.path(path),
    headline: authored.text(headline),
    detail: authored.text(detail),
    remedy: authored.text(remedy, path),
  };
}
