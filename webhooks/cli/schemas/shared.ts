import { list, number, object, oneOf, text } from './json-schema.ts';

/** What several outputs have. */

export const namespace = text('Its own, or that of --namespace.');
export const name = text('Empty where there is none.');
export const file = text('As it was named, `-` for standard input.');
export const rule = text('What `mcp-lifecycle explain` takes.');

export const action = oneOf(
  ['deny', 'warn', 'audit'],
  '`deny` refuses the MCPServer, `warn` admits it and says so, `audit` is kept for the audit log.',
);

export const place = {
  file,
  line: number('From 1.', 1),
  column: number('From 1, in UTF-16 code units.', 1),
};

/** Where the whole file may be meant. */
export const vaguePlace = {
  line: number('From 1; absent when the whole file could not be read.', 1),
  column: number('From 1.', 1),
};

export const inputProblems = list(
  'What could not be read.',
  object({ file, ...vaguePlace, message: text('Why. Never quotes the input, which may be a Secret.') }, [
    'line',
    'column',
  ]),
);

export const notChecked = list(
  'What servers name and the input does not hold.',
  object(
    {
      kind: text('ConfigMap, Secret, ServiceAccount, PersistentVolumeClaim, PriorityClass or RuntimeClass.'),
      namespace: text('Its own, or that of --namespace; empty for an object of the cluster.'),
      name: text('Its name.'),
      reason: text('Why the cluster that was asked does not tell; absent where none was asked.'),
    },
    ['reason'],
  ),
);

export const rulesNotJudgedFor = list(
  'MCPServers whose schema does not hold, so that no rule was judged.',
  object({ file, namespace, name }),
);

export const ignoredOfPolicy = list(
  'Entries of the policy that this release does not know or does not do: nothing is judged by them, as in a cluster, and `policy check` refuses them. Absent where nothing was judged.',
  object({
    file,
    line: number('From 1.', 1),
    column: number('From 1.', 1),
    message: text('Which entry, why, and what to do.'),
  }),
);

export const policy = {
  description: 'Which policy judged: one of `file`, `configMap` and `profile` is there.',
  ...object(
    {
      file: text('That was named.'),
      configMap: text('Namespace and name of the one that holds the policy in force in the cluster.'),
      profile: oneOf(['restricted'], 'The built-in one.'),
      context: text('Of the kubeconfig: the cluster that was asked for its policy.'),
      because: text(
        'Why the built-in profile judged: the cluster has no policy, it may not be read, or it cannot be used (then it is a problem, too: exit code 2).',
      ),
    },
    ['file', 'configMap', 'profile', 'context', 'because'],
  ),
};
