# Stops the old containers of a service, all at once, with their own signal and grace period, after proxies had the time to
# learn the new ones, and removes them. Each gets the name first that tidy.sh clears away and roll-back.sh knows: it is on its
# way out, whatever becomes of us. Arguments: seconds-to-drain id...
set -u
sleep "$1"
shift
for id; do
  name=$(docker inspect --type container --format '{{.Name}}' "$id" 2>/dev/null) || continue
  short=$(printf %.12s "$id")
  case ${name#/} in
    "$short"_*) ;;
    *) docker rename "$id" "${short}_${name#/}" || exit 1 ;;
  esac
done
there() { docker ps --all --quiet --no-trunc | grep -xF -e "$1" >/dev/null; }
for id; do there "$id" && set -- "$@" "$id"; shift; done
[ $# -gt 0 ] || exit 0
docker stop "$@" >/dev/null && docker rm "$@" >/dev/null
