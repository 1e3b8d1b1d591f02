# Defines stage(): notes what the holder does now, for those who wait. Without a name it is a sign of life, no more.
stage() { # Arguments: name
  # A full disk is no reason to stop: what is told is then a little old.
  [ -z "$1" ] || note "$lease/stage" "stage$(printf '\t')$1" || true
  fact lease ours
}
