/** Answers the process that started this one. */
export function sendToParent(message: object): void {
  if (process.send === undefined) throw new Error('this is a part of `npm run bench` and not started by hand');
  process.send(message);
}
