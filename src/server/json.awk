# Reads the fields of a one-line JSON object into FIELD: strings as their text, anything else as it is written. What is
# inside a value, or in a text that looks like a field, does not count.
function fields(line,   depth, token, name, expects) {
  split("", FIELD)
  depth = 0
  while (match(line, /^[ \t\r]*("([^"\\]|\\.)*"|[][{}:,]|[^][{}:," \t\r]+)/)) {
    token = substr(line, 1, RLENGTH)
    sub(/^[ \t\r]*/, "", token)
    line = substr(line, RLENGTH + 1)
    if (token == "{" || token == "[") { depth++; expects = "name" }
    else if (token == "}" || token == "]") depth--
    else if (depth == 1 && token == ",") expects = "name"
    else if (depth == 1 && token == ":") expects = "value"
    else if (depth == 1 && expects == "name") name = unquote(token)
    else if (depth == 1 && expects == "value") { FIELD[name] = unquote(token); expects = "" }
  }
}
