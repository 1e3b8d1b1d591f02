# Looks up the digest of every image in its registry: fact pinned, image, name@digest. An engine may know registries that
# the builder's client does not (a certificate in /etc/docker/certs.d, a mirror): then the image is pulled to learn its
# digest. What trying again cannot fix is no failure: fact refused, image, why. Arguments: image...
set -u
familiar() { # the name as the engine writes it
  familiar=${1#docker.io/}
  familiar=${familiar#index.docker.io/}
  printf %s "${familiar#library/}"
}
pin() {
  name=${1%@*}
  case ${name##*/} in *:*) name=${name%:*} ;; esac
  case $1 in
    *@*) digest=${1##*@} ;;
    *) digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$1" 2>/dev/null) || digest= ;;
  esac
  if [ -z "$digest" ]; then
    if ! why=$(docker pull --quiet "$1" 2>&1 >/dev/null); then
      printf '%s\n' "$why" >&2
      # Docker has one exit code for all of them.
      case $why in
        *'manifest unknown'* | *'name unknown'* | *denied* | *nauthorized* | *'no basic auth'* | *'invalid reference'* | *'no matching manifest'*)
          fact refused "$1" "$(printf %s "$why" | tail -n 1)"
          return 0
          ;;
      esac
      return 1
    fi
    digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" |
      while IFS= read -r known; do
        [ "$(familiar "${known%@*}")" != "$(familiar "$name")" ] || printf '%s\n' "${known##*@}"
      done | head -n 1)
  fi
  case $digest in
    sha256:*) fact pinned "$1" "$name@$digest" ;;
    *) fact refused "$1" 'the registry has no digest for it' ;;
  esac
}
beside pin "$@"
