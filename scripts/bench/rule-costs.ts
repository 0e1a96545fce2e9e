import { parseReview } from '../../webhooks/admission/parse-review.ts';
import { prepare, type PreparedServer } from '../../webhooks/core/engine/judge.ts';
import type { RuleParameters } from '../../webhooks/core/engine/parameters.ts';
import { ownEntry } from '../../webhooks/core/engine/policy.ts';
import type { Rule } from '../../webhooks/core/engine/rule.ts';
import { rules } from '../../webhooks/core/rules/index.gen.ts';
import { maxPatterns } from '../../webhooks/core/rules/parts/parameter-forms.ts';
import { facts } from './admission/facts.ts';
import { sampleReviews } from './admission/reviews.ts';
import { worstServers } from './large-objects/worst-servers.ts';
import { median } from './median.ts';
import type { Figure, Measurement, Progress } from './measurement.ts';

/** Microseconds of one rule, and of all rules that only a policy asks for. */
const longestCheck = 250;
const longestOptIn = 100;
/** Milliseconds; as of every large object. */
const longestHostile = 250;
/** Bytes of a large object. */
const bytes = 1_400_000;
const rounds = 7;
const checksOfRound = 2_000;
/** As long as a policy can make them (core/policy/parameter-shape.ts). */
const listLength = 500;
/** Of globs half are long and nearly match, half are short and have to be looked for in every name. */
const globs = Array.from({ length: maxPatterns }, (_, index) =>
  index % 2 === 0 ? `*${'a'.repeat(60)}*${'a'.repeat(60)}b${index}*` : `*a*b${index}*`,
);

const ofOne = {
  what: 'The costliest rule over one of the reviews of admission-throughput',
  bar: `< ${longestCheck} µs`,
};
const ofOptIn = {
  what: 'All rules that only a policy asks for, over one of those reviews',
  bar: `< ${longestOptIn} µs`,
};
const ofHostile = {
  what: 'A rule with lists as long as they can be, over a server of 1.4 MB',
  bar: `< ${longestHostile} ms`,
};

export const ruleCosts: Measurement = {
  name: 'rule-costs',
  method:
    `Each rule by itself, in one process, over each of the ${sampleReviews.length} reviews of admission-throughput, parsed and defaulted ` +
    `before: the time of one check out of ${checksOfRound}, the median of ${rounds}; rules that only a policy asks for with the parameters of ` +
    `their first example. And those with lists of ${listLength} long entries over every large object of large-objects: the least of three.`,
  minutes: 3,
  bars: [ofOne, ofOptIn, ofHostile],
  run: (progress) => Promise.resolve([...measureReviews(progress), measureHostile(progress)]),
};

interface Cost {
  readonly name: string;
  readonly time: number;
}

const none: Cost = { name: 'nothing', time: 0 };

function slowest(costs: readonly Cost[]): Cost {
  return costs.reduce((worst, cost) => (cost.time > worst.time ? cost : worst), none);
}

function measureReviews(progress: Progress): readonly Figure[] {
  const subjects = sampleReviews.flatMap(({ name, body }) => {
    const review = parseReview(body);
    const subject = review.ok ? prepare(review.request.object) : undefined;
    return subject?.parsed === true ? [{ name, subject }] : [];
  });
  const costs = rules.map((rule) => {
    const parameters = parametersOf(rule);
    const each = subjects.map(({ name, subject }) => ({ name, time: microsecondsOf(rule, parameters, subject) }));
    return { rule, each, worst: slowest(each) };
  });
  for (const { rule, worst } of costs) progress(`${rule.id}: ${worst.time.toFixed(2)} µs (${worst.name})`);
  const costliest = slowest(costs.map(({ rule, worst }) => ({ name: `${rule.id}, ${worst.name}`, time: worst.time })));
  const optIn = costs.filter(({ rule }) => rule.isOptIn === true);
  const together = slowest(
    subjects.map(({ name }, index) => ({
      name,
      time: optIn.reduce((sum, { each }) => sum + (each[index]?.time ?? 0), 0),
    })),
  );
  return [
    toFigure(ofOne, costliest, { unit: 'µs', limit: longestCheck }),
    toFigure(
      ofOptIn,
      { ...together, name: `${optIn.length} rules, ${together.name}` },
      { unit: 'µs', limit: longestOptIn },
    ),
  ];
}

function parametersOf(rule: Rule): RuleParameters {
  return ownEntry(rule, rule.examples.accepts[0]?.parameters).parameters;
}

function microsecondsOf(rule: Rule, parameters: RuleParameters, subject: PreparedServer): number {
  const input = { server: subject.server, references: subject.references, facts };
  const times = Array.from({ length: rounds }, () => {
    const startedAt = performance.now();
    for (let count = 0; count < checksOfRound; count += 1) rule.check(input, parameters);
    return ((performance.now() - startedAt) * 1_000) / checksOfRound;
  });
  return median(times);
}

const entries = <T>(build: (index: number) => T): readonly T[] =>
  Array.from({ length: listLength }, (_, index) => build(index));
const ranges = entries((index) => `10.${index % 256}.${Math.floor(index / 256)}.0/24`);

/** By rule, the longest lists that a policy can give it. */
const hostile: Readonly<Record<string, RuleParameters>> = {
  'config-map-allowed': { allowed: globs },
  'extra-metadata-allowed': { labels: globs, annotations: globs },
  'image-registry': { allowed: entries((index) => `a.example.com/${'a'.repeat(200)}/${index}`) },
  'network-egress-limited': { ranges, refused: ranges },
  'network-ingress-limited': { ranges },
  'required-labels': { podLabels: Object.fromEntries(globs.map((glob, index) => [`a${index}`, glob])) },
  'resources-limited': { max: Object.fromEntries(entries((index) => [`example.com/a${index}`, '1'])), others: false },
  'secret-allowed': { allowed: globs },
  'service-account-allowed': { allowed: globs },
};

function measureHostile(progress: Progress): Figure {
  const asked = rules
    .filter(({ isOptIn }) => isOptIn === true)
    .map((rule) => ({ rule, parameters: ownEntry(rule, hostile[rule.id] ?? parametersOf(rule)).parameters }));
  let worst = none;
  let count = 0;
  for (const { name, object } of worstServers(bytes)) {
    const subject = prepare(object);
    if (!subject.parsed) continue;
    count += 1;
    const costs = asked.map(({ rule, parameters }) => ({
      name: `${rule.id}, ${name}`,
      time: millisecondsOf(rule, parameters, subject),
    }));
    const found = slowest(costs);
    if (found.time > longestHostile / 5) progress(`${found.name}: ${found.time.toFixed(0)} ms`);
    worst = slowest([worst, found]);
  }
  return toFigure(
    ofHostile,
    { ...worst, name: `${worst.name}; of ${count} objects` },
    { unit: 'ms', limit: longestHostile },
  );
}

function millisecondsOf(rule: Rule, parameters: RuleParameters, { server, references }: PreparedServer): number {
  let least = Infinity;
  for (let round = 0; round < 3; round += 1) {
    const before = process.threadCpuUsage();
    rule.check({ server, references, facts }, parameters);
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

function toFigure(
  bar: { readonly what: string; readonly bar: string },
  { name, time }: Cost,
  { unit, limit }: { readonly unit: string; readonly limit: number },
): Figure {
  return { ...bar, measured: `${time.toFixed(unit === 'ms' ? 0 : 1)} ${unit}`, isMet: time < limit, remark: name };
}
