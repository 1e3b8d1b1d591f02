# Which services others wait for to become healthy although they have no healthcheck, neither in the file nor in the image.
# Nothing is known about an image that has not been pulled yet. Arguments: sealed-file
: "${tab:?}"
tell_unchecked() {
  awk "$AWK_AWAITED" "$1" | while IFS=$tab read -r service image by off; do
    if [ -z "$off" ]; then
      # shellcheck disable=SC2016 # a Go template
      check=$(docker image inspect --format '{{with .Config.Healthcheck}}{{index .Test 0}}{{end}}' "$image" 2>/dev/null) || continue
      case $check in '' | NONE) ;; *) continue ;; esac
    fi
    fact unchecked "$service" "$by" "$off"
  done
}
