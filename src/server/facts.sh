# Begins what a program reports. What the user's shell printed before this line is no fact. A fact is one line: its name and
# its values, with tabs between them.
echo 'korrigo-facts 1'
tab=$(printf '\t')
fact() {
  IFS=$tab
  printf '%s\n' "$*"
  unset IFS
}
