import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { renderExports, renderMissing } from './shell-lines.ts';

/** What a shell does with `eval "$(npm run --silent cluster -- env)"` and a command after it. */
function evaluate(lines: string, then = '') {
  const env = { PATH: '/usr/bin:/bin', KUBECONFIG: '/home/me/.kube/config', LINES_TO_EVAL: lines };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `eval "$LINES_TO_EVAL"${then}`], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the lines for a shell', () => {
  it('name the cluster, whatever is in its paths', () => {
    const lines = renderExports({ kubeconfig: "/it's here/kubeconfig", toolsPath: '/tools' });
    const { stdout } = evaluate(lines, '; echo "$KUBECONFIG $PATH"');
    expect(stdout).toBe("/it's here/kubeconfig /tools:/usr/bin:/bin\n");
  });

  it('fail and say why when there is no cluster', () => {
    const { status, stderr } = evaluate(renderMissing("There isn't one: start it."));
    expect({ status, stderr }).toEqual({ status: 1, stderr: "There isn't one: start it.\n" });
  });

  it('keep a shell that goes on away from any other cluster', () => {
    const { stdout } = evaluate(renderMissing('no'), '; echo "$KUBECONFIG"');
    expect(stdout).toBe('/dev/null/there-is-no-local-cluster\n');
  });
});
