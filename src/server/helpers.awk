# Makes a Docker configuration keep one registry's login in its own file: a credential helper may not be able to store it,
# or would keep it longer than the configuration. Other registries keep their helpers. Variable: key, as Docker names the registry
{ text = text $0 "\n" }
END {
  mine = "\"" key "\""
  at = index(text, "\"credHelpers\"")
  start = (at == 0 ? 1 : at) + index(substr(text, at == 0 ? 1 : at), "{")
  rest = substr(text, start)
  if (at == 0) {
    print substr(text, 1, start - 1) "\"credHelpers\": {" mine ": \"\"}" (rest ~ /^[ \t\r\n]*}/ ? "" : ", ") rest
    exit
  }
  body = substr(rest, 1, index(rest, "}") - 1)
  tail = substr(rest, index(rest, "}"))
  found = index(body, mine)
  if (found == 0) body = mine ": \"\"" (body ~ /[^ \t\r\n]/ ? ", " : "") body
  else {
    before = substr(body, 1, found + length(mine) - 1)
    after = substr(body, found + length(mine))
    match(after, /"[^"]*"/)
    body = before substr(after, 1, RSTART - 1) "\"\"" substr(after, RSTART + RLENGTH)
  }
  print substr(text, 1, start - 1) body tail
}
