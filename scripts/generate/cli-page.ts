import { commands } from '../../webhooks/cli/commands.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';

/** docs/reference/cli.md: what each command says with `--help`, but for the programs that run in a cluster. */
export const cliPage: Generator = {
  name: 'command line page',
  async generate() {
    // Loaded now, because the list of rules may have been written by this very run.
    const usages = await Promise.all(
      Object.entries(commands).map(async ([name, { load }]) => ({ name, usage: (await load()).usage })),
    );
    const sections = usages.map(({ name, usage }) => `## ${name}\n\n\`\`\`text\n${usage}\`\`\`\n`);
    const content = `${generatedMarkdownHeader('webhooks/cli/commands.ts')}
# Command line

What \`mcp-lifecycle <command> --help\` prints, for each command but the programs that run in a cluster. How to use them:
[gate a pull request](../guides/gate-a-pull-request.md), [policy](../guides/policy.md), [safe upgrades](../guides/safe-upgrades.md).

${sections.join('\n')}`;
    return [{ path: 'docs/reference/cli.md', content }];
  },
};
