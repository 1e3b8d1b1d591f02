# Functions for YAML scalars and JSON strings, on one line each. They work on bytes: LC_ALL is C.
BEGIN {
  for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
  escape["a"] = "\007"; escape["b"] = "\010"; escape["t"] = "\t"; escape["n"] = "\n"; escape["v"] = "\013"
  escape["f"] = "\014"; escape["r"] = "\r"; escape["e"] = "\033"
  escape["N"] = utf8(133); escape["_"] = utf8(160); escape["L"] = utf8(8232); escape["P"] = utf8(8233)
}
function hex(digits,   i, n) {
  n = 0
  for (i = 1; i <= length(digits); i++) n = n * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return n
}
function utf8(n) {
  if (n < 128) return sprintf("%c", n)
  if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
  if (n < 65536) return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
  return sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64)
}
# The text between double quotes, without its escapes.
function decode(body,   out, at, letter, size) {
  out = ""
  while ((at = index(body, "\\")) > 0) {
    out = out substr(body, 1, at - 1)
    letter = substr(body, at + 1, 1)
    size = letter == "x" ? 2 : letter == "u" ? 4 : letter == "U" ? 8 : 0
    if (size) out = out utf8(hex(substr(body, at + 2, size)))
    else out = out (letter in escape ? escape[letter] : letter)
    body = substr(body, at + 2 + size)
  }
  return out body
}
# The text of a plain, single-quoted or double-quoted scalar.
function unquote(word) {
  if (word ~ /^'.*'$/) {
    word = substr(word, 2, length(word) - 2)
    gsub(/''/, "'", word)
  } else if (word ~ /^".*"$/) word = decode(substr(word, 2, length(word) - 2))
  return word
}
# The text as a one-line scalar: plain if no reader could misread it, otherwise in double quotes.
function encode(text,   out, piece, at) {
  if (text ~ "^[A-Za-z/][A-Za-z0-9_./@:-]*$" && text !~ /:$/ && tolower(text) !~ /^(y|n|yes|no|on|off|true|false|null)$/) return text
  out = ""
  # Quotes, control characters, and what YAML takes for a line end or a byte order mark.
  while (match(text, /[\\"\001-\037\177]|\302[\200-\237]|\342\200[\250\251]|\357\273\277|\357\277[\276\277]/)) {
    piece = substr(text, RSTART, RLENGTH)
    out = out substr(text, 1, RSTART - 1)
    text = substr(text, RSTART + RLENGTH)
    if (piece == "\\" || piece == "\"") out = out "\\" piece
    else if (piece == "\n") out = out "\\n"
    else if (length(piece) == 1) out = out sprintf("\\x%02x", ord[piece])
    else if (length(piece) == 2) out = out sprintf("\\u%04x", (ord[substr(piece, 1, 1)] - 192) * 64 + ord[substr(piece, 2, 1)] - 128)
    else out = out sprintf("\\u%04x", (ord[substr(piece, 1, 1)] - 224) * 4096 + (ord[substr(piece, 2, 1)] - 128) * 64 + ord[substr(piece, 3, 1)] - 128)
  }
  return "\"" out text "\""
}
# The length of the key in `key: value`, as written; for a scalar alone, its whole length.
function key_length(line) {
  if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^'([^']|'')*'/)) return RLENGTH
  return match(line, /:( |$)/) ? RSTART - 1 : length(line)
}
# Where the value in a line of YAML begins: after its key, or after the dash of an item.
function value_at(line,   at, size) {
  match(line, /^ *(- )*/)
  at = RLENGTH + 1
  line = substr(line, at)
  size = key_length(line)
  return size == length(line) ? at : at + size + (substr(line, size + 2, 1) == " " ? 2 : 1)
}
function value(line) { return unquote(substr(line, value_at(line))) }
function key(line) {
  sub(/^ *(- )*/, "", line)
  return unquote(substr(line, 1, key_length(line)))
}
