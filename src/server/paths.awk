# Replaces every path under `source` by its lasting one: a shipped path by where its content lies (the table: repository
# path, tab, path here), any other by the same path under `shared`. `source` holds the release's id, so that it occurs
# only where Compose itself wrote it.
BEGIN {
  while ((getline row < table) > 0) {
    tab = index(row, "\t")
    count++
    from[count] = "/" substr(row, 1, tab - 1)
    to[count] = substr(row, tab + 1)
  }
}
{
  done = ""
  rest = $0
  while ((at = index(rest, source)) > 0) {
    done = done substr(rest, 1, at - 1)
    rest = substr(rest, at + length(source))
    best = 0
    for (i = 1; i <= count; i++)
      if (index(rest, from[i]) == 1 && substr(rest, length(from[i]) + 1, 1) ~ /^$|[\/'" \t]/ && (!best || length(from[i]) > length(from[best])))
        best = i
    if (best) {
      done = done to[best]
      rest = substr(rest, length(from[best]) + 1)
    } else
      done = done shared
  }
  print done rest
}
