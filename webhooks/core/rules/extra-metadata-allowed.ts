import { patternsOf } from '../engine/name-patterns.ts';
import { defineRule, type Rule } from '../engine/rule.ts';
import { eachEntry, join, none } from '../engine/violations.ts';
import { baseLabels } from '../mcpserver/names.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isCopiedAnnotation } from '../resources/child-metadata.ts';
import { listed } from './parts/listed.ts';
import { maxPatterns, metadataKey } from './parts/parameter-forms.ts';

const parameters = { labels: ['example.com/*', 'team'], annotations: ['example.com/note'] };

export const extraMetadataAllowed: Rule = defineRule({
  id: 'extra-metadata-allowed',
  severity: 'deny',
  isOptIn: true,
  summary: 'Extra labels and annotations must have keys that the policy lists, by name or glob.',
  rationale:
    'Other controllers obey labels and annotations of pods and Services, with rights that the author of the server does not ' +
    'have: a service mesh takes a pod out of its encryption (`sidecar.istio.io/inject`), a network plugin gives it another ' +
    'network (`k8s.v1.cni.cncf.io/networks`), DNS publishes a name (`external-dns.alpha.kubernetes.io/hostname`), a cloud gives ' +
    'it an identity (`azure.workload.identity/use`), an injector adds Secrets. And every label may be what the Service of ' +
    'somebody else selects by: with `app.kubernetes.io/name: payments` a pod gets the requests of payments. No list of ' +
    'dangerous keys is ever complete, so this one says what is allowed, and nothing else is. It counts for ' +
    'spec.extraLabels, spec.extraAnnotations and the labels in spec.extensions.metrics.',
  remedy: 'Remove it, or have the policy list its key.',
  parameters: {
    labels: {
      type: 'strings',
      form: metadataKey,
      maxItems: maxPatterns,
      default: [],
      help: 'Keys of labels, or globs of them: `example.com/*`.',
    },
    annotations: {
      type: 'strings',
      form: metadataKey,
      maxItems: maxPatterns,
      default: [],
      help: 'Keys of annotations, or globs of them.',
    },
  },
  examples: {
    accepts: [
      { title: 'a server without extra labels and annotations' },
      {
        title: 'keys that are listed',
        spec: {
          extraLabels: { team: 'search', 'example.com/cost': '4711' },
          extraAnnotations: { 'example.com/note': 'Ask the team first!' },
        },
        parameters,
      },
      {
        title: 'keys that no object gets',
        spec: { extraLabels: { app: 'mine' }, extraAnnotations: { 'mcp.x-k8s.io/note': 'mine' } },
        parameters,
      },
    ],
    rejects: [
      {
        title: 'a label by which Services of others select',
        spec: { extraLabels: { 'app.kubernetes.io/name': 'payments' } },
        parameters,
      },
      {
        title: 'an annotation that a service mesh obeys',
        spec: { extraAnnotations: { 'sidecar.istio.io/inject': 'false' } },
        parameters,
      },
      { title: 'an identity of a cloud', spec: { extraLabels: { 'azure.workload.identity/use': 'true' } }, parameters },
      {
        title: 'a label that is listed for annotations only',
        spec: { extraLabels: { note: 'x' } },
        parameters: { annotations: ['note'] },
      },
      {
        title: 'a label of what Prometheus reads',
        spec: { extensions: { metrics: { port: 'mcp', labels: { release: 'prometheus' } } } },
        parameters,
      },
    ],
  },
  check({ server }, { labels, annotations }) {
    const { extraAnnotations, extraLabels, extensions } = server.spec;
    const metrics = extensions?.metrics?.labels;
    // Nearly every server.
    if (extraAnnotations === undefined && extraLabels === undefined && metrics === undefined) return none;
    const ours = baseLabels(server);
    const checkLabel = (key: string, _value: string, place: Place): readonly Violation[] =>
      Object.hasOwn(ours, key) || patternsOf(labels).has(key) ? none : [notAllowed('label', place, labels)];
    return join(
      eachEntry(extraAnnotations, annotationsPlace, (key, _value, place) =>
        !isCopiedAnnotation(key) || patternsOf(annotations).has(key)
          ? none
          : [notAllowed('annotation', place, annotations)],
      ),
      eachEntry(extraLabels, labelsPlace, checkLabel),
      eachEntry(metrics, metricsPlace, checkLabel),
    );
  },
});

const annotationsPlace = placeOf('spec', 'extraAnnotations');
const labelsPlace = placeOf('spec', 'extraLabels');
const metricsPlace = placeOf('spec', 'extensions', 'metrics', 'labels');

function notAllowed(what: 'label' | 'annotation', place: Place, allowed: readonly string[]): Violation {
  return {
    path: pathTo(place),
    headline: `the ${what} is not allowed here`,
    detail: `found the key '${place.field}'`,
    remedy: `Remove it, or have the policy list its key; allowed is ${listed(allowed)}.`,
  };
}
