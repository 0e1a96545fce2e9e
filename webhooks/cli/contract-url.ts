const hidden = '***';

/** A URL as it may be printed: user, password, the values of its query and its fragment may be secret. */
export function nameOfUrl(text: string): string {
  if (!URL.canParse(text)) return hideRest(text);
  const url = new URL(text);
  const user = url.username === '' && url.password === '' ? '' : `${hidden}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${hideQuery(url.search)}${url.hash === '' ? '' : `#${hidden}`}`;
}

/** Names stay, for people to tell one from another; what has no name may be a value. */
function hideQuery(search: string): string {
  return search.replaceAll(/([?&])([^=&]*=)?[^&]*/g, (part, sign: string, name: string | undefined) =>
    part === sign ? part : `${sign}${name ?? ''}${hidden}`,
  );
}

/** Nobody knows which part is which: nothing of it but how it begins. */
function hideRest(text: string): string {
  return `${text.slice(0, text.indexOf('://'))}://${hidden}`;
}
