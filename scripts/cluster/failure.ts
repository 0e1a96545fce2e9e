/** Something that the person at the keyboard can put right. The message is one sentence that says how. */
export class ClusterFailure extends Error {
  override readonly name = 'ClusterFailure';
}
