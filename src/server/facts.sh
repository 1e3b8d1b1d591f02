# Starts the facts that a program reports: what the user's shell printed before this line is ignored. A fact is one line:
# its name and its values, separated by tabs.
echo 'korrigo-facts 1'
tab=$(printf '\t')
fact() {
  IFS=$tab
  printf '%s\n' "$*"
  unset IFS
}
