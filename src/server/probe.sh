# Requests a URL about every 100 ms until it is stopped with TERM. Prints one row for consecutive requests with the same result,
# and now and then before such a row ends. Arguments: url
#   row good|bad from to count answer   from: when the first of them was sent, to: when the last of them was over, both in
#                                       hundredths of a second since the machine booted; answer: the last one's status
set -u
url=$1 stopped='' kind='' count=0
trap 'stopped=yes' TERM
nap() { sleep 0.1 2>/dev/null || [ -n "$stopped" ] || sleep 1; }
look() {
  read -r now idle </proc/uptime
  idle=${now#*.}
  now=${now%%.*}$idle
}
tell() { [ "$count" -eq 0 ] || fact row "$kind" "$from" "$to" "$count" "$last"; }

# Sets status: that of the response, or nothing. A redirect is a response, and a certificate for another name is not downtime.
if command -v curl >/dev/null 2>&1; then
  ask() {
    status=$(curl -q --silent --globoff --insecure --noproxy '*' --max-time 5 --output /dev/null \
      --write-out '%{http_code}' "$url")
  }
else
  # BusyBox's wget has none of these: it checks no certificates, and follows redirects, whose status comes first.
  options='--tries=1 --max-redirect=0 --no-proxy --no-check-certificate'
  wget --version >/dev/null 2>&1 || options='-Y off'
  ask() {
    # shellcheck disable=SC2086 # options
    said=$(timeout 5 wget -q -S $options -O /dev/null "$url" 2>&1)
    ended=$? status=${said#*HTTP/?.? }
    if [ "$status" = "$said" ]; then status=''; else status=${status%"${status#???}"}; fi
    return "$ended"
  }
fi

while [ -z "$stopped" ]; do
  look
  sent=$now
  ask
  if [ $? -eq 143 ] || [ -n "$stopped" ]; then break; fi # 143: it was told to stop as well
  look
  case $status in [23]??) is=good ;; *) is=bad ;; esac
  if [ "$is" != "$kind" ] || [ "$count" -ge 100 ]; then
    tell
    kind=$is from=$sent count=0
  fi
  count=$((count + 1)) to=$now last=$status
  nap
done
tell
