/** What keeps us from an image, in a clause for people. It never holds a credential. */
export class RegistryFailure extends Error {
  override readonly name = 'RegistryFailure';
}
