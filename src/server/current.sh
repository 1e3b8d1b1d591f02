# Makes a release the current one, in one step that cannot be seen half done. Arguments: root id
set -eu
cd "$1"
ln -sfn "releases/$2" ".current-$2"
mv -T ".current-$2" current
