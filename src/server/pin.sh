# Resolves the digest of every image in its registry: fact pinned, image, name@digest. The engine may know registries that
# the builder's client does not (a certificate in /etc/docker/certs.d, a mirror): then the image is pulled to learn its
# digest. A problem that a retry cannot fix is not a failure: fact refused, image, why. Images that already have a
# digest are checked too, but if the registry does not answer, or not to us, the servers may still be able to pull them.
# Arguments: image...
set -u
familiar() { # the name as the engine writes it
  familiar=${1#docker.io/}
  familiar=${familiar#index.docker.io/}
  printf %s "${familiar#library/}"
}
absent() { # Why there is no such image, where its registry says so. Arguments: image
  why=$(docker buildx imagetools inspect --raw "$1" 2>&1 >/dev/null) && return 1
  case $why in
    *x509* | *certificate*) # of a registry that the engine may know
      ! docker image inspect "$1" >/dev/null 2>&1 || return 1
      why=$(docker pull --quiet "$1" 2>&1 >/dev/null) && return 1
      ;;
  esac
  case $why in *': not found'* | *'manifest unknown'* | *'name unknown'*) printf '%s\n' "$why" | tail -n 1 ;; *) return 1 ;; esac
}
pin() {
  name=${1%@*}
  case ${name##*/} in *:*) name=${name%:*} ;; esac
  case $1 in
    *@*)
      digest=${1##*@}
      if why=$(absent "$1"); then
        fact refused "$1" "$why"
        return 0
      fi
      ;;
    *) digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$1" 2>/dev/null) || digest= ;;
  esac
  if [ -z "$digest" ]; then
    if ! why=$(docker pull --quiet "$1" 2>&1 >/dev/null); then
      printf '%s\n' "$why" >&2
      # Docker uses one exit code for all of these.
      case $why in
        *'manifest unknown'* | *'name unknown'* | *denied* | *nauthorized* | *'no basic auth'* | *'invalid reference'* | *'no matching manifest'*)
          fact refused "$1" "$(printf %s "$why" | tail -n 1)"
          return 0
          ;;
      esac
      return 1
    fi
    digests=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1") || return 1
    digest=$(printf '%s\n' "$digests" | while IFS= read -r known; do
      [ "$(familiar "${known%@*}")" != "$(familiar "$name")" ] || printf '%s\n' "${known##*@}"
    done | head -n 1)
  fi
  case $digest in
    sha256:*) fact pinned "$1" "$name@$digest" ;;
    *) fact refused "$1" 'the registry has no digest for it' ;;
  esac
}
beside pin "$@"
