# Makes a release the current one in one atomic step; without an id, no release is current. Arguments: root [id]
set -eu
cd "$1"
if [ $# -lt 2 ]; then
  rm -f current
  exit 0
fi
ln -sfn "releases/$2" ".current-$2"
mv -T ".current-$2" current
