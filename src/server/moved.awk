# Where a path of the source of a release leads for good: a shipped path to where its content lies (the table: repository
# path, tab, path here), any other to the same path under `shared`. `source` holds the release's id, so that it occurs only
# where Compose itself wrote it. Without a table nothing moves.
BEGIN {
  while (table != "" && (getline row < table) > 0) {
    tab = index(row, "\t")
    shipped[++shipped_count] = "/" substr(row, 1, tab - 1)
    content_of[shipped_count] = substr(row, tab + 1)
  }
}
# `dollar` is how a `$` is written in the text. A text that is no path as a whole may go on after one.
function moved(text, dollar, whole,   out, at, i, best, here, path) {
  here = dollars(source, dollar)
  out = ""
  while (table != "" && (at = index(text, here)) > 0 && (at == 1 || !whole)) {
    out = out substr(text, 1, at - 1)
    text = substr(text, at + length(here))
    best = 0
    for (i = 1; i <= shipped_count; i++) {
      path = dollars(shipped[i], dollar)
      if (index(text, path) == 1 && (best == 0 || length(shipped[i]) > length(shipped[best])) && ends(substr(text, length(path) + 1, 1), whole)) best = i
    }
    if (best) text = substr(text, length(dollars(shipped[best], dollar)) + 1)
    out = out dollars(best ? content_of[best] : shared, dollar)
  }
  return out text
}
function ends(next_letter, whole) { return next_letter == "" || next_letter == "/" || (!whole && next_letter ~ /['" \t\n:;,]/) }
function dollars(text, dollar) {
  if (dollar == "$$") gsub(/\$/, "$$", text)
  return text
}
