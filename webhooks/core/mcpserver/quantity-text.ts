/** What apimachinery's own generator says about a quantity, as a pattern: a signed number and a suffix. */
export const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

/** What Kubernetes has: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const suffixes: ReadonlySet<string> = new Set(['', ...'n u m k M G T P E Ki Mi Gi Ti Pi Ei'.split(' ')]);

/** By what people write, in lower case: what they may have meant, the power of 1000 before the power of 1024. */
const meant: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...['k', 'M', 'G', 'T', 'P', 'E'].flatMap((decimal) => {
    const binary = `${decimal.toUpperCase()}i`;
    const letter = decimal.toLowerCase();
    return [
      ...[letter, `${letter}b`].map((written) => [written, [decimal, binary]] as const),
      ...[`${letter}i`, `${letter}ib`].map((written) => [written, [binary]] as const),
    ];
  }),
  ...['b', 'byte', 'bytes', 'cpu', 'cpus', 'core', 'cores', 'vcpu', 'vcpus'].map((written) => [written, ['']] as const),
  ...['mcpu', 'millicpu', 'millicore', 'millicores'].map((written) => [written, ['m']] as const),
]);

const written = /^(\d{1,20}(?:\.\d{1,20})?) ?([A-Za-z]*)$/;

/** What was likely meant by a text that is no quantity: `64MB` is 64M or 64Mi, `500 m` is 500m; empty when nobody can tell. */
export function likelyQuantities(text: string): readonly string[] {
  const [, number, unit] = written.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return [];
  const likely = suffixes.has(unit) ? [unit] : (meant.get(unit.toLowerCase()) ?? []);
  return likely.map((suffix) => `${number}${suffix}`);
}
