/** Something about an image that the person at the keyboard can put right. The message is one sentence that says how. */
export class ImageFailure extends Error {
  override readonly name = 'ImageFailure';
}
