/**
 * Every name that Kubernetes would fill in for `$(NAME)` in a text, in order. As its own reader has it: `$$` is a dollar
 * sign that begins nothing, a name ends at the first `)`, and what is never closed is no reference.
 * https://github.com/kubernetes/kubernetes/tree/master/third_party/forked/golang/expansion
 *
 * Looks at each character once, also where nothing is ever closed.
 */
export function eachVariableReference(text: string, tell: (name: string) => void): void {
  const lastClose = text.lastIndexOf(')');
  for (let at = text.indexOf('$'); at !== -1 && at < lastClose; at = text.indexOf('$', at)) {
    if (text[at + 1] !== '(') {
      // Escaped, or a dollar sign beside something else: both are two characters that say nothing.
      at += 2;
      continue;
    }
    const close = text.indexOf(')', at + 2);
    tell(text.slice(at + 2, close));
    at = close + 1;
  }
}
