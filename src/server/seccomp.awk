# The file of a `security_opt` that is a seccomp profile, relative to where Compose would run; nothing for any other.
function seccomp(option,   path) {
  if (option !~ /^seccomp[=:]/) return ""
  path = substr(option, 9)
  if (path == "" || path == "unconfined" || path == "builtin") return ""
  return path ~ /^\// ? path : folder "/" path
}
