# Defines what the programs about a release share: save(), what a command prints as a file; compose(), Compose in an environment of its own; needed() and is_there(),
# about what a service uses; tell_closed(), about what a deploy writes; hash_of(), its content; print_services(), what sealed.awk and traits.awk report about a sealed file;
# print_changes(), how the release differs from the current one. Keys are printed, values are not.
: "${tab:?}"
awk() { LC_ALL=C command awk "$@"; } # bytes are characters

# The environment that Compose gets in this session. An application's values come from its env files, not from whatever
# someone's shell or sshd happens to set. `own_names` are set there, `more` are assignments.
# `here` is the folder that Compose believes it runs in.
own_names='' more='' here=''
compose() {
  set -- "$(command -v docker)" compose "$@"
  for word in $more; do set -- "$word" "$@"; done
  [ -z "$here" ] || set -- "PWD=$here" "$@"
  for word in PATH HOME DOCKER_CONFIG DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY DOCKER_API_VERSION \
    XDG_RUNTIME_DIR SSH_AUTH_SOCK TMPDIR; do
    case " $own_names " in *" $word "*) continue ;; esac
    eval "value=\${$word-}"
    # shellcheck disable=SC2154 # set by eval
    [ -z "$value" ] || set -- "$word=$value" "$@"
  done
  # Without its HOME, docker does not find its configuration.
  case " $own_names " in
    *' HOME '*) [ -n "${DOCKER_CONFIG-}" ] || set -- "DOCKER_CONFIG=${HOME-}/.docker" "$@" ;;
  esac
  env -i "$@"
}

# A command's output becomes a file once it is complete: BusyBox's awk and sort do not report a full disk.
save() { # Arguments: file command...
  saved=$1
  shift
  printed=$("$@") || return
  printf '%s' "$printed${printed:+
}" >"$saved"
}

needed() { # How a service uses what has to be there before it starts; nothing when Docker makes it. Arguments: mode name
  case $1:$2 in
    ro:*) echo read ;;
    need:*) echo 'mounted with create_host_path: false' ;;
    rw:/*) ;; # an absolute path that is written to: the server's own affair
    rw:*) case ${2##*/} in .env | ?*.*) echo mounted ;; esac ;; # Docker would make a folder of a file's name
  esac
}

# Whether this Compose omits `create_host_path` where it is false, as versions before 5 do; newer ones omit it where it is true.
# Arguments: resolved-file
opts_in() {
  grep -q '^        bind: [{][}]' "$1" || return 0
  case $(sed -n 's/^          create_host_path: //p' "$1" | head -n 1) in
    true) echo 1 ;;
    false) ;;
    *) case $(docker compose version --short) in 2.* | v2.*) echo 1 ;; esac ;;
  esac
}

# Whether a path exists: 0 yes, 1 no, 2 if it is in a folder that this user may not enter.
is_there() { # Arguments: path
  [ ! -e "$1" ] || return 0
  if [ -h "$1" ]; then
    target=$(readlink "$1")
    case $target in /*) ;; *) target=$(dirname "$1")/$target ;; esac
    is_there "$target"
    return
  fi
  nearest=$1
  while [ ! -e "$nearest" ]; do nearest=$(dirname "$nearest"); done
  if [ -d "$nearest" ] && [ ! -x "$nearest" ]; then return 2; fi
  return 1
}

# Facts about a path that a service uses. Arguments: mode name path service
tell_missing() {
  found=0
  is_there "$3" || found=$?
  how=$(needed "$1" "$2")
  case $found in
    2) fact unseen "$2" ;;
    1) [ -z "$how" ] || fact missing "$2" "$how by $4" ;;
  esac
  return "$found"
}

closed() { fact closed "$1" "$(id -un)" "$(stat -c %U "$1")"; }

# Reports what keeps this user from creating or replacing a path, if anything does. Arguments: path
tell_closed() {
  nearest=$(dirname "$1")
  while [ ! -e "$nearest" ]; do nearest=$(dirname "$nearest"); done
  if [ -e "$1" ] && [ ! -r "$1" ]; then nearest=$1 # what is replaced is kept, for an undo
  elif [ -w "$nearest" ] && [ -x "$nearest" ] && [ -d "$nearest" ]; then return 1
  fi
  if [ -d "$nearest" ] || [ "$nearest" = "$1" ]; then closed "$nearest"; else fact not-folder "$nearest"; fi
}

hash_of() { # Of a file that Compose does not notice when it changes. Arguments: path
  if [ ! -f "$1" ]; then printf %s "$1"
  elif [ -r "$1" ]; then sha256sum <"$1" | cut -d ' ' -f 1
  else stat -c '%i %s %Y' "$1"; fi # only the container may read it: its file tells when it was replaced
}

print_services() {
  hashes=$(compose --file "$1" config --hash '*') || return
  printf '%s\n' "$hashes" | awk "$AWK_SEALED" "$1" - || return
  awk "$AWK_TRAITS" "$1"
}

print_changes() ( # in a shell of its own, whatever traps there are: the values of both releases are in that folder
  was=$1/current
  [ -e "$was/compose.yml" ] || return 0
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one
  awk "$AWK_FLATTEN" "$was/compose.yml" | sort >"$work/was"
  awk "$AWK_FLATTEN" "$2/compose.yml" | sort >"$work/is"
  sort "$was/files.tab" >"$work/files-were"
  sort "$2/files.tab" >"$work/files-are"
  {
    comm -3 "$work/was" "$work/is" | sed "s/^$tab//" | cut -f 1,2
    comm -3 "$work/files-were" "$work/files-are" | sed "s/^$tab//" | awk -F "$tab" '{ print $1 "\t" ($4 == "" ? "file" : $4) " " $2 }'
  } | sort -u | sed "s/^/changed$tab/"
)
