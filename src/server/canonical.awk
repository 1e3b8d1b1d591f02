# What `docker compose config --format json` prints, as YAML in which a key or a list item never takes more than one
# line. We cannot use Compose's own YAML: up to 2.26 it loses the first newline of a text that begins with one.
function spaces(n) { return sprintf("%" n "s", "") }
function scalar(json) { return json ~ /^"/ ? encode(unquote(json)) : json }
{
  indent = match($0, /[^ ]/) - 1
  line = substr($0, indent + 1)
  sub(/,$/, "", line)
}
indent < 1 || line == "}" || line == "]" { next }
{
  opens = line ~ /[{[]$/ && line !~ /"$/ ? substr(line, length(line)) : ""
  if (opens) kind[indent + 2] = opens
  start = spaces(indent - 2 - 2 * dashes) substr("- - - - - - - - ", 1, 2 * dashes)
  if (kind[indent] == "[") {
    if (opens) { dashes++; next }
    print start "- " scalar(line)
  } else {
    size = key_length(line)
    rest = substr(line, size + 3)
    # To Compose, null means not set, and it prints it for every service.
    if (indent == 6 && top == "\"services\"" && rest == "null") next
    if (indent == 2) top = substr(line, 1, size)
    if (indent == 6) section = substr(line, 1, size)
    # Compose forgot to say how these are written in JSON: `Path`.
    if (indent == 12 && top == "\"services\"" && section == "\"blkio_config\"") line = tolower(substr(line, 1, size)) substr(line, size + 1)
    name = substr(line, 1, size)
    gsub(/[$][$]/, "$", name) # Compose doubles dollars in keys, too, but does not read them back as one
    print start scalar(name) ":" (opens ? "" : " " scalar(rest))
  }
  dashes = 0
}
