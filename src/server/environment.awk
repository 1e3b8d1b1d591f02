# The values of configs and secrets from the environment, as a .env that Compose finds next to the sealed file.
/^[^ ]/ { top = key($0); next }
top == "x-korrigo-environment" {
  text = value($0)
  gsub(/\$\$/, "$", text)
  out = ""
  while (match(text, /[\\"$\r]/)) {
    out = out substr(text, 1, RSTART - 1) "\\" (substr(text, RSTART, 1) == "\r" ? "r" : substr(text, RSTART, 1))
    text = substr(text, RSTART + 1)
  }
  print key($0) "=\"" out text "\""
}
