# Makes a release the current one, in one step that cannot be seen half done; without an id there is none. Arguments: root [id]
set -eu
cd "$1"
if [ $# -lt 2 ]; then
  rm -f current
  exit 0
fi
ln -sfn "releases/$2" ".current-$2"
mv -T ".current-$2" current
