import type { ArchivedImage } from './archive.ts';
import type { BuiltImage } from './build.ts';
import type { Papers } from './papers.ts';

export type DescribedImage = Pick<BuiltImage, 'name' | 'reference' | 'archive'> & ArchivedImage & Partial<Papers>;

/** Where the examples push to; the registry does not exist. */
const registry = 'registry.example.com';
const folder = 'platform';

/** For people: what was built, and the next command, which puts it into a registry; for our own image also the one after. */
export function describeImage({ name, reference, archive, digest, platform, ...papers }: DescribedImage): string {
  const repository = `${folder}/${name}`;
  const target = `docker://${registry}/${repository}:${reference.slice(reference.lastIndexOf(':') + 1)}`;
  const lines = [
    `image     ${reference}`,
    `digest    ${digest}`,
    `platform  ${platform}`,
    `archive   ${archive}`,
    ...(papers.sbom === undefined ? [] : [`sbom      ${papers.sbom}`]),
    ...(papers.licences === undefined ? [] : [`licences  ${papers.licences}`]),
    '',
    `Push it to a registry of yours (${registry} is an example):`,
    `  skopeo copy oci-archive:${archive} ${target}`,
    ...(name === 'mcp-lifecycle' ? howToInstall(repository) : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function howToInstall(repository: string): readonly string[] {
  return [
    'Then install it:',
    '  helm install mcp-lifecycle chart --namespace mcp-lifecycle-system --create-namespace --wait \\',
    `    --set image.registry=${registry} --set image.repository=${repository}`,
    'Or see it at work without a registry, on a cluster of this machine: `npm run quickstart`.',
    'With Docker, `docker build .` makes the same image from a registry (untested).',
  ];
}
