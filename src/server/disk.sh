# Free space on the disks that a deploy writes to: free KiB and free inodes (empty where there is no count) for every path.
# Arguments: root
set -u
left() { # Arguments: path
  [ -n "$1" ] || return 0
  path=$1
  while [ ! -e "$path" ]; do path=$(dirname "$path"); done
  kib=$(df -Pk "$path" 2>/dev/null | awk 'NR == 2 { print $4 }')
  inodes=$(df -Pi "$path" 2>/dev/null | awk 'NR == 2 && $2 + 0 > 0 { print $4 }')
  fact disk "$kib" "$inodes" "$1"
}
left "$1"
left /tmp
# An engine that hangs must not delay this.
left "$(timeout 5 docker info --format '{{.DockerRootDir}}' 2>/dev/null)"
