#!/bin/sh
# Sends an alert to everyone in secrets/alerts.txt, and reports which of them it was sent to:
#   docker compose --profile monitoring exec alertmanager sh /etc/alertmanager/test-alert.sh
# Everyone gets it twice: when it starts, and five minutes later, when it is resolved.
set -eu

here=http://localhost:9093

main() {
  receivers=$(sed -n 's/^  - name: //p' /tmp/alertmanager.yml | grep -vE '^(nobody|watchdog)$')
  for name in $receivers; do eval "before_$name=$(sent "$name")"; done
  amtool alert add TestAlert severity=critical id="$(date +%s)" --annotation='summary="This is a test. Alerts reach you."' \
    --annotation='action="Nothing."' --alertmanager.url=$here --end="$(date -u -d "@$(($(date +%s) + 300))" +%Y-%m-%dT%H:%M:%SZ)"
  failed=0
  for name in $receivers; do report "$name" || failed=1; done
  [ $failed = 0 ] || { echo "For the reason: docker compose logs --tail 20 alertmanager" >&2; exit 1; }
}

report() {
  before=$(eval "echo \$before_$1")
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(sent "$1")" = "$before" ] || { echo "$1: sent"; return; }
    sleep 1
  done
  echo "$1: NOT sent" >&2
  return 1
}

# How many messages reached that receiver.
sent() {
  wget -q -O - $here/metrics | awk -v name="receiver_name=\"$1\"" '
    index($1, name) && $1 ~ /^alertmanager_notification_requests_total/ { sent += $NF }
    index($1, name) && $1 ~ /^alertmanager_notification_requests_failed_total/ { sent -= $NF }
    END { print sent + 0 }'
}

main
