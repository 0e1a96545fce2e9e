import { printable, shortenEnd } from '../engine/text.ts';
import { present } from '../mcpserver/record.ts';
import type { MCPServer, VerificationStatus } from '../mcpserver/types.gen.ts';
import type { ProtocolEra, Verification, VerifiedEndpoint } from './observed.ts';
import { saidToServe, servesWell, verifiedBefore } from './served-generation.ts';
import type { StatusInput } from './status-input.ts';
import { isAboutTools } from './tool-reasons.ts';
import type { Verified } from './verified.ts';

/** The words of status for the eras. */
export const eras = { stateless: 'Stateless', handshake: 'Handshake' } as const satisfies Record<ProtocolEra, string>;

/** Longest image in status, in characters; the CRD says the same. */
const maxImageLength = 1000;

/** Counts are said while they hold; how to ask, and which tools there were, outlive a failure and a restart of ours. */
export function nextVerificationStatus(input: StatusInput, verified: Verified): VerificationStatus | undefined {
  const { server, previous, verification } = input;
  const before = previous?.extensions?.verification;
  const gone = goneWhenAsked(server, verification, before);
  const learnt = {
    ...eraOf(imageThatAnswered(input), verification, before),
    ...(gone === 0 ? {} : { goneWhenAsked: gone, image: eraImage(server.spec) }),
  };
  const isListed = verification.state === 'verified' && verification.tools !== undefined;
  const toolsDigest = isListed ? undefined : digestBeside(learnt.image, before);
  const lastVerdictTime = verified.status === 'Unknown' ? undefined : input.lastVerdictTime;
  const verifiedGeneration = verifiedUntilAsked(input, verified);
  const times = { lastVerdictTime, verifiedGeneration };
  const asked = present({ ...learnt, ...answerOf(verification, verified, before), toolsDigest, ...times });
  return Object.keys(asked).length === 0 ? undefined : asked;
}

/**
 * Of a spec that is not valid, or of which a child is refused, nobody is asked, and what serves goes on serving: that it was good stands until somebody has
 * been asked again, or the correction of a spec would replace it unproven.
 */
function verifiedUntilAsked(
  { accepted, problem, previous, server }: StatusInput,
  { status }: Verified,
): number | undefined {
  if (status !== 'Unknown') return undefined;
  const isAsked = accepted.state === 'valid' && problem === undefined;
  if (isAsked || !servesWell(previous)) return verifiedBefore(previous);
  return saidToServe(previous) ?? server.metadata.generation;
}

/**
 * What a version before 0.2 wrote of tools, until they were listed again: it goes with the write that says so. Unless the image that is said beside it is another one:
 * it has listed none yet.
 */
function digestBeside(image: string | undefined, before: VerificationStatus | undefined): string | undefined {
  return image === undefined || image === before?.image ? before?.toolsDigest : undefined;
}

/**
 * The image of whoever has answered. While pods of an older generation do, it is the one that status names, not that of the
 * spec; undefined: status names none.
 */
function imageThatAnswered({ server, previous, serving, answeredBy }: StatusInput): string | undefined {
  const { generation } = server.metadata;
  const isNow =
    answeredBy === undefined ||
    answeredBy.generation === generation ||
    (answeredBy.podSet === serving.podSet && serving.generation === generation);
  return isNow ? eraImage(server.spec) : previous?.extensions?.verification?.image;
}

/** What an answer says besides its verdict; of one that stands until somebody was asked again, what was said before. */
function answerOf(
  verification: Verification,
  verified: Verified,
  before: VerificationStatus | undefined,
): VerificationStatus {
  const { status, from, reason } = verified;
  switch (verification.state) {
    case 'verified':
      return from === 'answer' ? countsOf(verification) : {};
    case 'failed':
      // With their words, because a restart of ours has to say the same until it has asked them itself.
      return status === 'False' && verification.failingPods !== undefined
        ? { failingPods: [...verification.failingPods] }
        : {};
    case 'not-attempted':
      return status === 'Unknown' && !isAboutTools(reason) ? {} : answerKept(before);
    case 'auth-required':
    case 'throttled':
      return {};
  }
}

function answerKept(before: VerificationStatus = {}): VerificationStatus {
  const ofAnswer = ['toolCount', 'resourceCount', 'promptCount', 'notCounted', 'failingPods'];
  return Object.fromEntries(Object.entries(before).filter(([name]) => ofAnswer.includes(name)));
}

/** Of which image it is learnt how a server is asked. */
export function eraImage({ source }: MCPServer['spec']): string {
  return shortenEnd(printable(source.containerImage?.ref ?? ''), maxImageLength);
}

/**
 * How often it was gone when it was asked, as we or, before a restart of ours, status know it; 0: never, or it answered
 * since, or it is another image.
 */
export function goneWhenAsked(
  { spec }: MCPServer,
  verification: Verification,
  before: VerificationStatus | undefined,
): number {
  if (verification.state !== 'not-attempted' && verification.state !== 'failed') return 0;
  const kept = before?.image === eraImage(spec) ? (before.goneWhenAsked ?? 0) : 0;
  return Math.max(kept, verification.state === 'not-attempted' ? (verification.gone ?? 0) : 0);
}

/** What was learnt of another image says nothing about this one. */
function eraOf(
  image: string | undefined,
  verification: Verification,
  before: VerificationStatus | undefined,
): Pick<VerificationStatus, 'era' | 'image'> {
  if (image === undefined) return {};
  const learnt = 'era' in verification ? verification.era : undefined;
  if (learnt !== undefined) return { era: eras[learnt], image };
  return before?.era !== undefined && before.image === image ? { era: before.era, image } : {};
}

function countsOf({ offers = {}, notCounted }: VerifiedEndpoint): VerificationStatus {
  const { tools, resources, prompts } = offers;
  return present({ toolCount: tools, resourceCount: resources, promptCount: prompts, notCounted });
}
