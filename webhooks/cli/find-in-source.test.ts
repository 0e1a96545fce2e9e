import { expect, it } from '@jest/globals';
import { findInSource } from './find-in-source.ts';

const template = `{{- range .Values.servers }}
kind: MCPServer
spec:
  config:
    port: {{ .port }}
    path: /mcp
  runtime:
    security:
      podSecurityContext: {runAsUser: 0}
      securityContext: {runAsUser: 0}
{{- end }}
`;

const rendered = `kind: MCPServer
spec:
  config:
    port: 8080
    path: /mcp
  runtime:
    security:
      podSecurityContext: {runAsUser: 0}
      securityContext: {runAsUser: 0}
    made: up
`;

const place = findInSource(rendered, template);

it.each([
  ['the same line', 5, { line: 6, column: 5 }],
  ['a line with the same key', 4, { line: 5, column: 5 }],
  ['nothing like it', 10, { line: 1, column: 1 }],
  ['no line at all', 99, { line: 1, column: 1 }],
])('finds %s', (_what, line, expected) => {
  expect(place({ line, column: 1 })).toEqual(expected);
});

it('does not guess between two', () => {
  const twice = findInSource('a: 1\n', 'a: {{ .a }}\nb:\n  a: {{ .b }}\n');
  expect(twice({ line: 1, column: 1 })).toEqual({ line: 1, column: 1 });
});
