# Stops the old containers of a service, all at once, with their own signal and grace period, once proxies have had time to
# find the new ones, and removes them. Each is first renamed to a name that tidy.sh removes and roll-back.sh recognises: it
# is on its way out, even if this program is interrupted. Arguments: seconds-to-drain id...
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
there=$(docker ps --all --quiet --no-trunc) || exit 1
for id; do
  case $there in *"$id"*) set -- "$@" "$id" ;; esac
  shift
done
[ $# -gt 0 ] || exit 0
docker stop "$@" >/dev/null && docker rm "$@" >/dev/null
