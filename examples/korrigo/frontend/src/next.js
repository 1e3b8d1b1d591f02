/** Where to go after signing in: the page of this site that required it (a paper, for example), or nowhere. */
export function nextPage({ href, origin }) {
  const next = new URL(href).searchParams.get("next");
  if (next === null) return undefined;
  const page = URL.canParse(next, origin) ? new URL(next, origin) : undefined;
  return page?.origin === origin ? `${page.pathname}${page.search}` : undefined;
}
