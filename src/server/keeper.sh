# The keeper: holds the lease of an application as long as calls come. It ends the lease if no call has come for the
# grace period, or when the holder leaves: it undoes what is not confirmed, then releases the lock. Installed as lease/keeper.sh.
#   hold root                what `take` starts, with the lock in descriptor 9
#   heal root                the same, for a lease whose keeper was killed: it ends at once
#   boot root                for a boot unit: takes the lock itself, finishes what a power loss interrupted, and starts what
#                            Docker could not
#   job root folder ...        runs a command on its own
#   logged root file log       runs an undo
#   call root token name ...   a call of the holder
what=$1 root=$2 lease=$2/lease
shift 2

hold() {
  quiet=0
  while [ -e "$lease/token" ] && [ "$quiet" -lt "$grace" ]; do
    sleep 1 9>&- &
    wait $! || kill $!
    # shellcheck disable=SC3013 # dash, bash and BusyBox have it
    if [ "$lease/beat" -nt "$lease/past" ]; then
      TZ=UTC0 touch -t 197001010000 "$lease/beat"
      quiet=0
    else
      quiet=$((quiet + 1))
    fi
  done
  finish
}

call() {
  token=$1 name=$2
  shift 2
  enter
  case $name in
    stage) stage "$@" ;;
    arm) arm "$@" ;;
    confirm) confirm "$@" ;;
    start) start "$@" ;;
    more) follow "$lease/jobs/$1" "$2" "$3" "$4" ;;
    stop)
      end_job "$lease/jobs/$1" "$token.$1" "$2"
      fact lease ours
      ;;
  esac
}

keep() { # Arguments: hold|finish|boot
  cd /
  trap : USR1 # wakes it up; set before anybody can know its number
  { read -r grace && read -r login && read -r mask; } <"$lease/terms"
  look $$
  note "$lease/keeper" "$$ $birth $boot"
  "$1"
}

case $what in
  hold) keep hold ;;
  heal) keep finish ;;
  boot) keep boot ;;
  job) job "$@" ;;
  logged) logged "$@" ;;
  call) call "$@" ;;
esac
