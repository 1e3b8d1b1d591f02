#!/usr/bin/env bash
# dockerd changes the machine's forwarding and firewall, and does not put back what was there.
#   engine-network.sh remember <folder>   before it starts
#   engine-network.sh restore <folder>    after it stopped; rules that others added meanwhile stay
set -euo pipefail

folder=$2
ours='DOCKER|docker0|br-[0-9a-f]{12}'

case $1 in
  remember)
    cat /proc/sys/net/ipv4/ip_forward >"$folder/ip_forward"
    iptables -S FORWARD 2>/dev/null | head -n 1 >"$folder/forward_policy"
    ;;
  restore)
    rules=$(iptables-save 2>/dev/null)
    if grep -qE "$ours" <<<"$rules"; then grep -vE "$ours" <<<"$rules" | iptables-restore; fi
    # shellcheck disable=SC2046 # the line "-P FORWARD ACCEPT" is three arguments
    [ ! -s "$folder/forward_policy" ] || iptables $(cat "$folder/forward_policy")
    [ ! -s "$folder/ip_forward" ] || cat "$folder/ip_forward" >/proc/sys/net/ipv4/ip_forward
    ip link delete docker0 2>/dev/null || true
    ;;
esac
