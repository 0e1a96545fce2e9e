import { expect, it } from '@jest/globals';
import { watchedContainer, weaknessesOf } from './weaknesses.ts';

it('looks for all that weakens in every container of ours, and only for what privileges it in one of others', () => {
  const containers = ['mcp-server', 'sidecar', 'second'].map((name) => ({
    name,
    command: ['sh'],
    securityContext: {
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      privileged: true,
    },
  }));
  const template = { spec: { containers, automountServiceAccountToken: false } };
  const ours = ['mcp-server', 'second'].map((name) => watchedContainer({ list: 'containers', name }));
  const found = weaknessesOf({ spec: { template } }, ours);
  const within = (name: string, field: string): string => `spec.template.spec.containers[${name}].${field}`;
  expect(found.map(({ path, isBeside }) => [path, isBeside])).toEqual([
    [within('mcp-server', 'command'), undefined],
    [within('mcp-server', 'securityContext.privileged'), undefined],
    [within('second', 'command'), undefined],
    [within('second', 'securityContext.privileged'), undefined],
    [within('sidecar', 'securityContext.privileged'), true],
  ]);
  expect(found[3]?.at).toEqual([
    ...['f:spec', 'f:template', 'f:spec', 'f:containers', 'k:{"name":"second"}'],
    ...['f:securityContext', 'f:privileged'],
  ]);
});
