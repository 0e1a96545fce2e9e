import { spawn } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk } from '../../harness/kubectl.ts';
import { everythingServer, kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { listPods } from '../../harness/replicas.ts';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

interface Line {
  readonly topic: string;
  readonly level: string;
  readonly found: string;
}

function run(...args: readonly string[]): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ['webhooks/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (error += part));
    child.once('error', failed);
    child.once('close', (code) => {
      done({ code, out, error });
    });
  });
}

describe('the command line about a cluster', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, everythingServer('search'));
    await apply(namespace, kubernetesServer('weather', { config: { port: 8080, arguments: ['--no-such-option'] } }));
    await untilCondition(namespace, 'weather', { type: 'Available', status: 'False', reason: 'DeploymentUnavailable' });
  });

  it('waits until a server that was just applied serves, and passes then', async () => {
    const { code, out, error } = await run('status', 'search', '--namespace', namespace, '--watch', '--timeout', '290');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(new RegExp(`^${namespace} +search +Available +yes +\\S+ +\\d+ +- +http://search\\.`, 'm'));
  });

  it('fails for one that cannot start, and says why', async () => {
    const { code, out } = await run('status', 'weather', '--namespace', namespace, '--watch', '--timeout', '290');
    expect(code).toBe(1);
    expect(out).toMatch(/weather: Failed, (DeploymentUnavailable|PodsFailing): .*Container crashing/);
  });

  it('finds nothing wrong with the installation', async () => {
    const examine = async (): Promise<{ readonly ran: Ran; readonly lines: readonly Line[] }> => {
      const ran = await run('doctor', '--output', 'json');
      return { ran, lines: (JSON.parse(ran.out) as { lines: readonly Line[] }).lines };
    };
    const isWrong = ({ level }: Line): boolean => level === 'problem' || level === 'unknown';
    // What is true for a moment on a busy machine, such as a Lease that is renewed late, is found, too.
    const { ran, lines } = await eventually(
      'nothing is wrong',
      async () => {
        const found = await examine();
        return found.lines.some(isWrong) ? undefined : found;
      },
      { describe: async () => (await examine()).lines.filter(isWrong) },
    );
    expect(ran).toMatchObject({ code: 0, error: '' });
    const told = (topic: string): string =>
      lines.flatMap((line) => (line.topic === topic ? line.found : [])).join('\n');
    expect(told('crd')).toMatch(/knows every field of this release; it is of Helm release /);
    expect(told('certificate')).toMatch(/CA of the webhooks is valid until .*\nServing certificate is valid until /);
    expect(told('leader')).toMatch(/works/);
    expect(told('log')).toBe('The log level is info, as the chart has it');
  });

  it('tells which log level somebody has chosen, which each container takes over as it runs', async () => {
    const system = ['--namespace', release.namespace];
    const configMap = `${release.name}-logging`;
    const setLevel = async (data: object | null): Promise<void> => {
      const patch = ['--type', 'merge', '--patch', JSON.stringify({ data })];
      await kubectlOk(['patch', 'configmap', configMap, ...system, ...patch]);
    };
    const pods = await listPods();
    const containers = pods.flatMap(({ metadata: { name } }) =>
      ['webhook', 'reconciler'].map((one) => [name, one] as const),
    );
    expect(containers.length).toBeGreaterThan(1);
    // All since then: whoever logs more says a lot in little time.
    const since = `--since-time=${new Date(Date.now() - 1_000).toISOString()}`;
    try {
      await setLevel({ level: 'debug' });
      await eventually('each container has said that it logs more', async () => {
        const logs = await Promise.all(
          containers.map(([pod, one]) => kubectlOk(['logs', pod, '--container', one, since, ...system])),
        );
        return logs.every((text) => text.includes('another log level is in force'));
      });
      expect((await run('doctor')).out).toContain(
        `The log level is debug, as ConfigMap ${release.namespace}/${configMap} says`,
      );
    } finally {
      await setLevel(null);
    }
    const unchanged = (await listPods()).map(({ metadata }) => metadata.uid).sort();
    expect(unchanged).toEqual(pods.map(({ metadata }) => metadata.uid).sort());
  });
});
