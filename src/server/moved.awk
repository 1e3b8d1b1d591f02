# Maps a path in a release's source to its permanent place: a shipped path to its content (the table: repository
# path, tab, path here), any other to the same path under `shared`. A path outside the repository goes
# under shared/.parent, whatever the release: nothing else is that far up. `source` contains the release's id, so that it
# only occurs where Compose itself wrote it. Without a table nothing is mapped.
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
  # Whatever the text contains, this part of it is written unchanged.
  mark = substr(mark, match(mark, "[^/]*/[^/]*/[^/]*$"))
}
# `dollar` is how a `$` is written in the text. If the text is more than a path, it may continue after one.
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
# The position of a folder in the text; 0 if it is not there, or if it is only part of a longer path.
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
# The place of the content of a path below the source; `matched` is the length of text that it replaces.
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
