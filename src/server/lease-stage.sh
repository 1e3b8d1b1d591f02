# Defines stage(): records what the holder is doing, for those who wait. Without a name it is only a heartbeat.
stage() { # Arguments: name
  # A full disk is no reason to stop: then the reported stage is a little old.
  [ -z "$1" ] || note "$lease/stage" "stage$(printf '\t')$1" || true
  fact lease ours
}
