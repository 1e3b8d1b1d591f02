# Where a path of the source of a release leads for good: a shipped path to where its content lies (the table: repository
# path, tab, path here), any other to the same path under `shared`. A path that leads out of the repository lies beside it
# under shared/.parent, whatever the release: so far up there is nothing else. `source` holds the release's id, so that it
# occurs only where Compose itself wrote it. Without a table nothing moves.
BEGIN {
  mark = source
  while (table != "" && (getline row < table) > 0) {
    tab = index(row, "\t")
    shipped[++shipped_count] = "/" substr(row, 1, tab - 1)
    content_of[shipped_count] = substr(row, tab + 1)
  }
  above[0] = source
  lasting[0] = shared
  for (level = 1; level <= 3; level++) {
    above[level] = above[level - 1]
    sub(/\/[^\/]*$/, "", above[level])
    lasting[level] = lasting[level - 1] "/.parent"
    mark = above[level]
  }
  # Whatever stands in the text, this part of it is written as it is.
  mark = substr(mark, match(mark, "[^/]*/[^/]*/[^/]*$"))
}
# `dollar` is how a `$` is written in the text. A text that is no path as a whole may go on after one.
function moved(text, dollar, whole,   out, at, level, best, where) {
  if (table == "") return text
  if (whole) text = clean(text)
  out = ""
  for (;;) {
    best = -1
    for (level = 0; level <= 3; level++) {
      at = find(text, dollars(above[level], dollar), whole)
      if (at && (best < 0 || at < where)) {
        best = level
        where = at
      }
    }
    if (best < 0) return out text
    out = out substr(text, 1, where - 1)
    text = substr(text, where + length(dollars(above[best], dollar)))
    out = out dollars(best ? lasting[best] : content(text, dollar, whole), dollar)
    if (best == 0) text = substr(text, matched + 1)
  }
}
# Where a folder stands in the text; 0 where it does not, or where a path as a whole is another one.
function find(text, here, whole,   at, skipped) {
  skipped = 0
  while ((at = index(text, here)) > 0) {
    if (whole && at + skipped > 1) return 0
    text = substr(text, at + length(here))
    if (ends(substr(text, 1, 1), whole)) return skipped + at
    skipped += at + length(here) - 1
  }
  return 0
}
# Where the content of a path below the source lies; `matched` is how much of the text that stands for.
function content(text, dollar, whole,   i, best, path) {
  best = matched = 0
  for (i = 1; i <= shipped_count; i++) {
    path = dollars(shipped[i], dollar)
    if (index(text, path) == 1 && length(path) > matched && ends(substr(text, length(path) + 1, 1), whole)) {
      best = i
      matched = length(path)
    }
  }
  return best ? content_of[best] : shared
}
function ends(next_letter, whole) { return next_letter == "" || next_letter == "/" || (!whole && next_letter ~ /['" \t\n:;,]/) }
function dollars(text, dollar) {
  if (dollar == "$$") gsub(/\$/, "$$", text)
  return text
}
# A path without its `.` and `..`.
function clean(path,   parts, count, i, kept, out) {
  if (path !~ /^\// || path !~ /\/\.\.?(\/|$)/) return path
  count = split(substr(path, 2), parts, "/")
  kept = 0
  for (i = 1; i <= count; i++) {
    if (parts[i] == "..") { if (kept) kept-- }
    else if (parts[i] != "." && parts[i] != "") parts[++kept] = parts[i]
  }
  out = ""
  for (i = 1; i <= kept; i++) out = out "/" parts[i]
  return out == "" ? "/" : out
}
