#!/usr/bin/env bash
# Times `wfc review` of 50 presets: benches/review.sh [WFC], by default target/release/wfc, which it does not build.
# They are the presets of this repository, some of them twice, in a repository of their own. At first nothing has
# changed; then prompts and seeds have, so that nearly each is drawn.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
wfc=$(realpath "${1:-$top/target/release/wfc}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/presets"
cp -r "$top/graphs" "$folder/"
cp "$top"/presets/*.toml "$folder/presets/"
rm -f "$folder"/presets/*.lint.toml
cd "$folder"
echo 'graphs = "graphs"' > wfc.toml
for preset in presets/*.toml; do
    [ "$(find presets -type f | wc -l)" -lt 50 ] || break
    cp "$preset" "${preset%.toml}-again.toml"
done
git init -q -b main
git add .
git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false commit -q -m one
echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
# Exit code 1 says that something changed.
time { "$wfc" review --base main --html page.html 2> /dev/null || [ $? = 1 ]; } | sed -n 2p
sed -i 's/^prompt = "\([^"]* \)/prompt = "another one, \1/; s/^seed = [0-9]*$/seed = 4711/' presets/*.toml
time { "$wfc" review --base main --html page.html 2> /dev/null || [ $? = 1 ]; } | sed -n 2p
echo "page: $(wc -c < page.html) bytes"
