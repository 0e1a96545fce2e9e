/**
 * Most characters of one value that are searched for the shape of a credential. Those that are longer than this (keys
 * in PEM) begin with what gives them away; without a limit one request could keep the webhook busy.
 */
const maxSearchedCharacters = 4096;

/**
 * What a literal value looks like, such as "a GitHub token", judged by its shape first and by its name second;
 * undefined when it looks harmless. The answer never holds a part of the value.
 */
export function recognizeCredential(name: string | undefined, value: string): string | undefined {
  if (value.length < shortestCredential) return undefined;
  const shape = findShape(value);
  if (shape !== undefined) return shape;
  return name !== undefined && namesCredential(name) && !isHarmless(value) ? 'a credential' : undefined;
}

/** Anything shorter protects nothing, and is more likely a switch or a count. */
const shortestCredential = 3;

/** False clears an argument, given the one before it, at a fraction of the cost of reading it. */
export function mayHoldCredential(argument: string, before: string): boolean {
  return hintsAtCredential(argument) || nameHint.test(before);
}

/** False for every argument of a list clears the whole list. */
export function hintsAtCredential(argument: string): boolean {
  return nameHint.test(argument) || hint.test(argument.slice(0, maxSearchedCharacters));
}

/** Whether a variable or flag of this name holds a credential: `DB_PASSWORD`, `api-key`, `clientSecret`; not `TOKEN_URL`. */
function namesCredential(name: string): boolean {
  if (!nameHint.test(name)) return false;
  const words = name
    .slice(-maxNameLength)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-.]/g, '_')
    .toUpperCase();
  return credentialName.test(words) && !switchName.test(words);
}

/** What every such name contains: one search that clears nearly all names. */
const nameHint = /pass|pwd|token|secret|credential|key/i;

/** A name is judged by its end. */
const maxNameLength = 64;

const credentialName =
  /(?:PASSWORD|PASSWD|PASSPHRASE|(?:^|_)PASS|_PWD|TOKEN|SECRET|CREDENTIALS?|(?:API|PRIVATE|ACCESS|SECRET|SIGNING|ENCRYPTION|AUTH|MASTER|ACCOUNT)_?KEY)(?:_?\d{1,2})?$/;

/** Names that ask whether, not which: `ALLOW_EMPTY_PASSWORD`; and a Secret's name is no secret: `IMAGE_PULL_SECRET`. */
const switchName = /^(?:NO|ALLOW|DISABLE|ENABLE|REQUIRE|SKIP|USE|WITH)_|PULL_SECRET$/;

/** A value that cannot be a credential, whatever its name says. */
function isHarmless(value: string): boolean {
  const text = value.slice(0, maxSearchedCharacters).trim();
  return harmless.some((pattern) => pattern.test(text));
}

const harmless: readonly RegExp[] = [
  // Nothing, a switch, a count.
  /^(?:|true|false|yes|no|on|off|none|null|enabled|disabled|required|optional|\d{1,4})$/i,
  // $(VARIABLE) is filled in by the kubelet, out of a Secret if the author is careful.
  /\$\([A-Za-z_][\w.-]*\)/,
  // A path, as in /var/run/secrets/token.
  /^(?:~|\.{1,2})?\/[\w./@-]*$/,
  // An address or the place in a secret store; a password in a URL has a shape of its own.
  /^(?:[a-z][a-z0-9+.-]{1,30}:\/\/|vault:|arn:)/i,
  // To be filled in by a person or a template, or blanked out.
  /^(?:<[^<>]*>|\$\{[^{}]*\}|\{\{.*\}\}|(.)\1*)$/s,
];

interface Shape {
  readonly what: string;
  /** Linear in the text: no two repetitions side by side can match the same characters. A group is what counts. */
  readonly pattern: RegExp;
}

/** From the documentation of each issuer; prefixes are what makes these safe to recognize. */
const shapes: readonly Shape[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY/ },
  { what: 'a GitHub token', pattern: /\bgh[opsru]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}/ },
  { what: 'a GitLab token', pattern: /\bglpat-[\w-]{20}/ },
  { what: 'an OpenAI key', pattern: /\bsk-(?:(?:proj|svcacct|admin)-[\w-]{20}|[A-Za-z0-9]{32})/ },
  { what: 'an Anthropic key', pattern: /\bsk-ant-[\w-]{20}/ },
  { what: 'an AWS access key', pattern: /\bA(?:KI|SI)A[A-Z0-9]{16}\b/ },
  { what: 'a Google API key', pattern: /\bAIza[\w-]{35}/ },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10}|\bxapp-\d-[A-Za-z0-9-]{10}/ },
  { what: 'a Slack webhook', pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]{6,12}\/B[A-Z0-9]{6,12}\/\w{20}/ },
  { what: 'a Stripe key', pattern: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16}/ },
  { what: 'a Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{30}/ },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}/ },
  { what: 'a JSON Web Token', pattern: /\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,2000}\.[\w-]{8}/ },
  { what: 'an Authorization header', pattern: /\b[Bb](?:earer|asic) [A-Za-z0-9._~+/=-]{20}/ },
  { what: 'a URL with a password', pattern: /:\/\/[^\s/?#:@]{0,256}:([^\s/?#@]{1,256})@/ },
  { what: 'a password in a connection string', pattern: /[Pp](?:assword|ASSWORD|wd|WD)=([^\s;&"']{3,256})/ },
];

/** What every shape contains: one search that clears nearly all values, which the list above would cost ten times. */
const hint =
  /-BEGIN |gh[opsru]_|github_pat_|glpat-|sk-|A(?:KI|SI)A|AIza|xox[abeoprs]-|xapp-|hooks\.slack|k_(?:live|test)_|hf_|npm_|eyJ|(?:earer|asic) |@|[Pp](?:assword|ASSWORD|wd|WD)=/;

/** Shorter than this, only the two shapes that have a password after a sign are possible. */
const shortestToken = 15;

function findShape(value: string): string | undefined {
  if (value.length < shortestToken && !value.includes('@') && !value.includes('=')) return undefined;
  const text = value.length <= maxSearchedCharacters ? value : value.slice(0, maxSearchedCharacters);
  if (!hint.test(text)) return undefined;
  return shapes.find(({ pattern }) => {
    const match = pattern.exec(text);
    return match !== null && !(match[1] !== undefined && isHarmless(match[1]));
  })?.what;
}
