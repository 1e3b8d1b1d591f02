#!/bin/sh
# Runs a program of this repository on the Node that its dependencies bring, after installing them where that is due.
#   with-node.sh scripts/test.ts [argument]...
set -eu
cd "$(dirname "$0")/.."

main() {
  if ! is_installed; then install; fi
  export PATH="$PWD/node_modules/.bin:$PATH"
  export NODE_DISABLE_COMPILE_CACHE=1 # npm and tsc would leave a folder in /tmp
  if [ -x node_modules/.bin/node ]; then exec node_modules/.bin/node "$@"; fi
  # There is no such package for this platform: its own Node has to do.
  if node -e 'process.exit(Number(parseInt(process.versions.node) < 24))'; then exec node "$@"; fi
  echo "This needs Node 24 or later, and this machine has $(node --version)." >&2
  exit 1
}

is_installed() { [ -n "$(find node_modules/.package-lock.json -newer package-lock.json 2>/dev/null)" ]; }

install() {
  echo 'Installing the dependencies (npm ci) …' >&2
  # By the machine's own Node: the one in node_modules is about to be replaced.
  PATH=$(printf %s "$PATH" | tr : '\n' | grep -v 'node_modules/\.bin$' | paste -s -d :)
  if ! (export PATH && npm ci --loglevel error >&2 </dev/null); then
    echo 'The dependencies could not be installed: npm ci says why above. Does the npm registry answer?' >&2
    exit 1
  fi
}

main "$@"
