import { chmod, cp } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { goBuild } from './binaries.ts';
import { moduleFolder } from './go-modules.ts';

/** The version in go/argo-cd/go.mod; a test compares them. */
export const argoCdVersion = '3.5.3';

/** Only in the name of its cache entry: raise it when go/argo-cd/main.go changes. */
const programVersion = '1';

export interface ArgoCd {
  /** Its application controller, its repo server, and what both have for Redis: one command each. */
  readonly program: string;
  /** A directory with what its repo server looks for on the PATH besides git and helm. */
  readonly tools: string;
  /** A directory with its CRDs. */
  readonly crds: string;
  /** A directory with the settings that its installation brings along. */
  readonly settings: string;
}

/** Those that the controller reads. */
const settingsFiles = ['argocd-cm.yaml', 'argocd-secret.yaml'];

/** The parts of the real Argo CD that render and sync, built on first use and cached by version. */
export async function ensureArgoCd(cache: string, report: Report): Promise<ArgoCd> {
  const directory = await cacheEntry(cache, `argo-cd-${argoCdVersion}-${programVersion}`, (unfinished) =>
    reportWhile(report, `building Argo CD ${argoCdVersion} (once, minutes)`, async (tell) => {
      await goBuild(
        { module: 'argo-cd', target: '.', output: path.join(unfinished, 'argo-cd'), isHurried: true },
        tell,
      );
      const folder = await moduleFolder('argo-cd', 'github.com/argoproj/argo-cd/v3');
      for (const kind of ['application', 'applicationset', 'appproject'])
        await cp(path.join(folder, `manifests/crds/${kind}-crd.yaml`), path.join(unfinished, `crds/${kind}.yaml`));
      for (const file of settingsFiles)
        await cp(path.join(folder, 'manifests/base/config', file), path.join(unfinished, 'settings', file));
      const wrapper = path.join(unfinished, 'tools', 'git-verify-wrapper.sh');
      await cp(path.join(folder, 'hack', path.basename(wrapper)), wrapper);
      await chmod(wrapper, 0o755);
    }),
  );
  const inside = (name: string): string => path.join(directory, name);
  return { program: inside('argo-cd'), tools: inside('tools'), crds: inside('crds'), settings: inside('settings') };
}
