# Waits for containers of a project that the engine is still stopping. It finishes a stop even if the one who asked for it was
# interrupted, and until then they look as if they were running. Its events show them: a stop signal, and no end since. Arguments: project
set -u
project=$1
now=$(date +%s)
# It keeps some hundred events. An engine that has been restarted since then stops nothing.
timeout -k 5 20 docker events --since 1 --until $((now + 1)) --filter type=container --filter "label=com.docker.compose.project=$project" \
  --filter event=kill --filter event=die --filter event=start --format '{{.Action}} {{.Actor.ID}} {{.Time}} {{index .Actor.Attributes "signal"}}' |
  awk '{ last[$2] = $1 == "kill" ? $2 " " $3 " " $4 : "" } END { for (id in last) if (last[id] != "") print last[id] }' |
  while read -r id time signal; do
    row=$(docker inspect --type container --format '{{.State.Running}} {{with .Config.StopTimeout}}{{.}}{{else}}10{{end}} {{with .Config.StopSignal}}{{.}}{{else}}SIGTERM{{end}} {{.Name}}' "$id" 2>/dev/null </dev/null) || continue
    read -r running seconds stop name <<END
$row
END
    named=$(kill -l "$signal" 2>/dev/null) || named=
    case $running:$stop in
      "true:$signal" | "true:$named" | "true:SIG$named") ;;
      *) continue ;;
    esac
    # The engine kills what does not stop in time. An older signal came from someone else.
    left=$((time + seconds + 5 - now))
    [ "$left" -gt 0 ] || continue
    printf 'waiting for %s, which is being stopped\n' "${name#/}" >&2
    timeout -k 5 "$left" docker wait "$id" >/dev/null 2>&1 </dev/null
  done
exit 0
