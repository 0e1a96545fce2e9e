import { compatibilityProfiles } from '../../core/mcpserver/compatibility.ts';
import { referableKinds } from '../../core/mcpserver/references.ts';
import { toldStates } from '../ask-apis.ts';
import { list, number, object, oneOf, text, toDocument } from './json-schema.ts';

/** Of the file: it changes when a field changes its meaning or goes; new fields may come at any time. */
export const factsSchemaVersion = 'mcp-lifecycle.facts/v1';

/** What `check --record` writes and `check --facts` reads. */
export const factsSchema = toDocument(
  factsSchemaVersion,
  object({
    clusters: list(
      'Each that was asked.',
      object(
        {
          context: text('As the kubeconfig calls it.'),
          policy: {
            description: 'What judges there; absent where a policy was named with --policy.',
            ...object(
              {
                configMap: text('Namespace and name of the one that holds it.'),
                text: text('What it holds.'),
                because: text('Why it is not known, so that the built-in profile stands in.'),
                profile: oneOf(
                  compatibilityProfiles,
                  'With because: `compatibility.profile` of the chart. Absent: default, or not known either.',
                ),
              },
              ['configMap', 'text', 'because', 'profile'],
            ),
          },
          labels: {
            type: 'object',
            description:
              'Of namespaces, by name: those that the policy asks for and that could be read. Absent where a policy was named.',
            additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
          },
          apis: {
            type: 'object',
            description:
              'Of kinds of other projects that servers of the input ask for, by kind: off in the chart, served, or absent. Only what could be told; absent where none asks for one.',
            additionalProperties: oneOf(toldStates, 'What the cluster said.'),
          },
          gateways: {
            type: 'object',
            description:
              'Of Gateways that ConfigMaps of servers of the input name, by `namespace/name`: their listeners. Only those that could be read; absent where none is named.',
            additionalProperties: list(
              'Its listeners.',
              object(
                {
                  name: text('Its own.'),
                  protocol: text('HTTP or HTTPS where it takes servers.'),
                  port: number('Where clients reach it.', 1),
                  hostname: text('In lower case; absent: it takes every host.'),
                },
                ['name', 'hostname'],
              ),
            ),
          },
          prefixes: {
            type: 'object',
            description:
              'Of prefixes that servers of the input claim at MCP gateways, by a digest of extension and prefix: who is registered with them. Only those that could be listed; absent where none is claimed.',
            additionalProperties: list('MCPServers, as `namespace/name`, oldest registration first.', text('One.')),
          },
          objects: list(
            'What servers of the input name.',
            object(
              {
                kind: oneOf(Object.keys(referableKinds), 'What it is.'),
                namespace: text('Its own; empty for an object of the cluster.'),
                name: text('Its own.'),
                state: oneOf(['found', 'missing', 'unknown'], 'What the cluster said.'),
                keys: list('Names of its keys, of one that is found. No values.', text('A key.')),
                caBundle: oneOf(
                  ['usable', 'none', 'too-large'],
                  'Whether it has certificates that can be used, where a server asks for that.',
                ),
                accessModes: list('Of a PersistentVolumeClaim that is found.', text('ReadWriteOnce, as an example.')),
                reason: text('Why nobody knows.'),
              },
              ['keys', 'caBundle', 'accessModes', 'reason'],
            ),
          ),
        },
        ['policy', 'labels', 'apis', 'gateways', 'prefixes'],
      ),
    ),
  }),
);
