# Looks up the digest of every image in its registry: image, tab, name@digest. An engine may know registries that the
# builder's client does not (a certificate in /etc/docker/certs.d, a mirror): then the image is pulled to learn its digest.
# Arguments: image...
set -u
digest_of() {
  docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$1" 2>/dev/null && return
  docker pull --quiet "$1" >/dev/null || return 1
  docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" | sed -n "s|^$2@||p" | head -n 1
}
pids=
for image in "$@"; do
  (
    name=${image%@*}
    case ${name##*/} in *:*) name=${name%:*} ;; esac
    case $image in
      *@*) digest=${image##*@} ;;
      *) digest=$(digest_of "$image" "$name") || exit 1 ;;
    esac
    printf '%s\t%s@%s\n' "$image" "$name" "$digest"
  ) &
  pids="$pids $!"
done
failed=0
for pid in $pids; do
  wait "$pid" || failed=1
done
exit $failed
