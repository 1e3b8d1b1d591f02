# The file of a `security_opt` that is a seccomp profile, from where Compose would run; nothing of any other.
function seccomp(option,   path) {
  if (option !~ /^seccomp[=:]/) return ""
  path = substr(option, 9)
  if (path == "" || path == "unconfined" || path == "builtin") return ""
  return path ~ /^\// ? path : folder "/" path
}
