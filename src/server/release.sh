# Defines what the programs about a release share. needed(), and tell_services(): what sealed.awk tells of a sealed file;
# tell_release(): how the release differs from the current one. Keys are told, values are not.
# Arguments: root folder-of-the-release
: "${tab:?}"
awk() { LC_ALL=C command awk "$@"; } # bytes are characters
needed() { # How a service uses what has to be there before it starts; nothing when Docker makes it. Arguments: mode name
  case $1:$2 in
    ro:*) echo read ;;
    rw:/*) ;; # an absolute path that is written to: the server's own affair
    rw:*) case ${2##*/} in ?*.*) echo mounted ;; esac ;; # Docker would make a folder of a file's name
  esac
}
tell_services() {
  hashes=$(docker compose --file "$1" config --hash '*')
  printf '%s\n' "$hashes" | awk "$AWK_SEALED" "$1" -
}
tell_release() {
  was=$1/current
  [ -e "$was/compose.yml" ] || return 0
  work=$(mktemp -d)
  awk "$AWK_FLATTEN" "$was/compose.yml" | sort >"$work/was"
  awk "$AWK_FLATTEN" "$2/compose.yml" | sort >"$work/is"
  sort "$was/files.tab" >"$work/files-were"
  sort "$2/files.tab" >"$work/files-are"
  {
    comm -3 "$work/was" "$work/is" | sed "s/^$tab//" | cut -f 1,2
    comm -3 "$work/files-were" "$work/files-are" | sed "s/^$tab//" | awk -F "$tab" '{ print $1 "\t" ($4 == "" ? "file" : $4) " " $2 }'
  } | sort -u | sed "s/^/changed$tab/"
  rm -rf "$work"
}
