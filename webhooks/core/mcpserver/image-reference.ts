/** The parts of an image reference as it is written; nothing is filled in. */
export interface ImageReference {
  /** `ghcr.io`, `localhost:5000`; undefined when the runtime's default registry is meant. */
  readonly registry?: string | undefined;
  /** The path in the registry: `example/search`. */
  readonly repository: string;
  readonly tag?: string | undefined;
  /** Algorithm and hash: `sha256:…`. A runtime that has both pulls by digest and ignores the tag. */
  readonly digest?: string;
}

/** What makes a text unusable as an image reference. */
export interface ImageReferenceProblem {
  /** Completes "the image reference …": "has an empty tag". */
  readonly problem: string;
  /** The part that is wrong, never more: credentials that someone wrote before an `@` must not come back. */
  readonly found: string;
  /** One imperative sentence. */
  readonly remedy: string;
}

export type ParsedImageReference =
  { readonly ok: true; readonly reference: ImageReference } | ({ readonly ok: false } & ImageReferenceProblem);

/**
 * An image reference as the kubelet and containerd read it, or the first thing that is wrong with it.
 *
 * The grammar is that of https://github.com/distribution/reference (reference.go), with its three additions: a first
 * path component counts as a registry if it looks like a host, 64 hexadecimal digits are an image id and no name, and
 * the hash of a digest must fit its algorithm. Beyond it, a port must be one that can be dialled.
 */
export function parseImageReference(text: string): ParsedImageReference {
  if (last?.text !== text) last = { text, parsed: parseUsual(text) ?? parseAny(text) };
  return last.parsed;
}

/** Several rules ask about the one image of a server, one after the other. */
let last: { readonly text: string; readonly parsed: ParsedImageReference } | undefined;

/** Long enough for nearly every reference, and too short to break a limit of the grammar. */
const usualLength = 200;

/** `host.name[:port]/path[:tag]`, or a path whose first name cannot be a registry. Groups: registry, path, tag. */
const usual =
  /^(?:([a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)+(?::[1-9]\d{0,3})?)\/)?([a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(\w[\w.-]{0,127}))?$/;

/** One search instead of a dozen for what is right and has no digest; undefined for everything else. */
function parseUsual(text: string): ParsedImageReference | undefined {
  if (text.length > usualLength || text.length === imageIdLength) return undefined;
  const [, registry, repository = '', tag] = usual.exec(text) ?? [];
  if (repository === '' || (registry === undefined && mayBeginWithRegistry.test(repository))) return undefined;
  return { ok: true, reference: { registry, repository, tag } };
}

const mayBeginWithRegistry = /^(?:localhost|[^/]*\.[^/]*)\//;

/** In hexadecimal digits. */
const imageIdLength = 64;

function parseAny(text: string): ParsedImageReference {
  const [named = '', digest, ...more] = text.split('@');
  const { registry, rest } = splitRegistry(named);
  const [repository = '', ...afterColon] = rest.split(':');
  const tag = afterColon.length === 0 ? undefined : afterColon.join(':');
  const problem =
    checkText(text, more.length) ??
    checkDigest(digest) ??
    checkRegistry(registry) ??
    checkRepository(repository, registry) ??
    checkTag(tag);
  if (problem !== undefined) return { ok: false, ...problem };
  return {
    ok: true,
    reference: {
      repository,
      ...(registry === undefined ? {} : { registry }),
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

/** `example/search` is a path in the default registry, `localhost/search` and `example.com/search` name one. */
function splitRegistry(named: string): { readonly registry?: string; readonly rest: string } {
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(0, slash));
  const isRegistry = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  return isRegistry ? { registry: first, rest: named.slice(slash + 1) } : { rest: named };
}

function checkText(text: string, extraSigns: number): ImageReferenceProblem | undefined {
  const space = text.search(/\s/);
  if (space >= 0) {
    const found = `a space or line break as character ${space + 1}`;
    return { problem: 'contains whitespace', found, remedy: 'Remove it.' };
  }
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(text);
  if (scheme !== null) {
    const remedy = 'Begin with the registry or the repository.';
    return { problem: 'starts with a URL scheme', found: `'${scheme[0]}'`, remedy };
  }
  if (extraSigns > 0) {
    const remedy = 'Write one @, before the digest.';
    return { problem: 'contains more than one @', found: `${extraSigns + 1} of them`, remedy };
  }
  if (/^[a-f0-9]{64}$/.test(text)) {
    const remedy = 'Name the repository, and write @sha256: before the digits if they are its digest.';
    return { problem: 'is an image id, which no registry knows', found: '64 hexadecimal digits', remedy };
  }
  return undefined;
}

/** Length of the hash in hexadecimal digits. https://github.com/opencontainers/go-digest (algorithm.go) */
const hashLengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

function checkDigest(digest: string | undefined): ImageReferenceProblem | undefined {
  if (digest === undefined) return undefined;
  const remedy = 'Write the digest as sha256: and 64 hexadecimal digits in lower case, or remove it with its @.';
  const colon = digest.indexOf(':');
  if (digest === '') return { problem: 'has an empty digest', found: 'nothing after the @', remedy };
  if (colon < 0) return { problem: 'has a digest without an algorithm', found: `'${digest}'`, remedy };
  const algorithm = digest.slice(0, colon);
  const hash = digest.slice(colon + 1);
  const length = hashLengths.get(algorithm);
  if (length === undefined) {
    return { problem: 'has a digest of an unknown algorithm', found: `'${algorithm}'`, remedy };
  }
  if (!/^[a-f0-9]*$/.test(hash)) {
    return { problem: 'has a digest that is not lower case hexadecimal', found: `'${digest}'`, remedy };
  }
  if (hash.length === length) return undefined;
  const found = `${hash.length} digits where ${algorithm} has ${length}`;
  return { problem: 'has a digest of the wrong length', found, remedy };
}

const hostName = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
const addressV6 = /^\[[A-Fa-f0-9:]+\]$/;

function isHost(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '');
  return hostName.test(host) || addressV6.test(host);
}

function checkRegistry(registry: string | undefined): ImageReferenceProblem | undefined {
  if (registry === undefined) return undefined;
  const [, host = '', port] = /^(.*?)(?::([^:\]]*))?$/s.exec(registry) ?? [];
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) {
    const remedy = 'Write the port of the registry as a number from 1 to 65535; a tag belongs after the last slash.';
    return { problem: 'has a registry with an impossible port', found: `'${port}'`, remedy };
  }
  // A name with an underscore is no host name, but the grammar takes it as a path, and runtimes dial it.
  if (isHost(registry) || (port === undefined && pathComponent.test(host))) return undefined;
  const remedy = 'Begin with the host name of the registry, or with the repository.';
  return { problem: 'has a registry that is no host name', found: `'${host}'`, remedy };
}

const pathComponent = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

/** Longest repository, in characters, with what the grammar counts as its path: `library/` of the default registry. */
const maxRepositoryLength = 255;

function checkRepository(repository: string, registry: string | undefined): ImageReferenceProblem | undefined {
  const path = fullPath(repository, registry);
  if (path.length > maxRepositoryLength) {
    const problem = `has a repository of more than ${maxRepositoryLength} characters`;
    return { problem, found: `${path.length} characters`, remedy: 'Shorten the path of the repository.' };
  }
  if (repository === '') {
    return { problem: 'names no repository', found: 'nothing', remedy: 'Write the path of the image in its registry.' };
  }
  const wrong = repository.split('/').find((component) => !pathComponent.test(component));
  return wrong === undefined ? undefined : checkComponent(wrong);
}

function fullPath(repository: string, registry: string | undefined): string {
  const isDefault = registry === undefined || registry === 'docker.io' || registry === 'index.docker.io';
  if (isDefault) return repository.includes('/') ? repository : `library/${repository}`;
  return isHost(registry) ? repository : `${registry}/${repository}`;
}

function checkComponent(component: string): ImageReferenceProblem {
  const found = `'${component}'`;
  if (component === '') {
    const remedy = 'Write one slash between two names, and none first or last.';
    return { problem: 'has a slash with nothing beside it', found: 'an empty name in the path', remedy };
  }
  if (pathComponent.test(component.toLowerCase())) {
    return {
      problem: 'has a repository with upper case letters',
      found,
      remedy: 'Write the repository in lower case.',
    };
  }
  const remedy = 'Use lower case letters and digits, with one dot, one or two underscores or hyphens between them.';
  return { problem: 'has a repository with characters that no registry accepts', found, remedy };
}

/** Longest tag, in characters. https://github.com/opencontainers/distribution-spec (spec.md, "Pulling manifests") */
const maxTagLength = 128;

function checkTag(tag: string | undefined): ImageReferenceProblem | undefined {
  if (tag === undefined) return undefined;
  if (tag === '') {
    const remedy = 'Write the tag after the colon, or remove the colon.';
    return { problem: 'has an empty tag', found: 'nothing after the colon', remedy };
  }
  const remedy = 'Use letters, digits, underscores, dots and hyphens, at most 128, no dot or hyphen first.';
  if (!/^\w[\w.-]*$/.test(tag)) {
    return { problem: 'has a tag with characters that no registry accepts', found: `'${tag}'`, remedy };
  }
  if (tag.length <= maxTagLength) return undefined;
  return { problem: `has a tag of more than ${maxTagLength} characters`, found: `${tag.length} characters`, remedy };
}
