/** Where to go on after signing in: a page of this site that asked for it (a paper, say), or nowhere else. */
export function nextPage({ href, origin }) {
  const next = new URL(href).searchParams.get("next");
  if (next === null) return undefined;
  const page = URL.canParse(next, origin) ? new URL(next, origin) : undefined;
  return page?.origin === origin ? `${page.pathname}${page.search}` : undefined;
}
