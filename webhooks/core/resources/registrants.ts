import { oneLine } from '../engine/text.ts';
import { LABELS } from '../mcpserver/api.ts';
import { PREFIX_LABEL } from '../mcpserver/names.ts';
import { claimText } from '../mcpserver/prefix-claim.ts';
import type { PrefixClaim, Registrant } from '../mcpserver/prefix-claim.ts';
import { fieldsIn, listIn, textIn } from './raw-fields.ts';

/** How registrations with a prefix are found, of whichever server. */
export function registrantsQuery(
  claim: PrefixClaim,
  digest: (text: string) => string,
): { readonly query: Readonly<Record<string, string>>; readonly accept: string } {
  return {
    // What the API server has in memory: it does not look through all of them for a label.
    query: { labelSelector: `${PREFIX_LABEL}=${digest(claimText(claim))}`, resourceVersion: '0' },
    accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  };
}

/** Longest name of an object, in characters. */
const maxName = 253;

/** The servers of such a list, oldest registration first; one that is to go counts no more. `raw` is whatever the API server sent. */
export function readRegistrants(raw: unknown): readonly Registrant[] {
  return listIn(raw, 'items')
    .flatMap((item) => fieldsIn(item, 'metadata') ?? [])
    .filter((metadata) => textIn(metadata, 'deletionTimestamp') === '')
    .map((metadata) => ({
      // Of two of one second the gateway goes by the uid.
      age: `${textIn(metadata, 'creationTimestamp')} ${textIn(metadata, 'uid')}`,
      namespace: oneLine(textIn(metadata, 'namespace'), maxName),
      name: oneLine(textIn(fieldsIn(metadata, 'labels'), LABELS.server), maxName),
    }))
    .sort((a, b) => (a.age < b.age ? -1 : 1))
    .map(({ namespace, name }) => ({ namespace, name }));
}
