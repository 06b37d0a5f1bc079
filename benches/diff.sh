#!/usr/bin/env bash
# Measures `wfc diff` and `wfc graph` from outside on workflows of 1,000 and of 20,000 nodes, against `git diff --no-index`
# and, for one pair, Python's deepdiff on the same files. Needs hyperfine, jq, git, GNU time, Python 3 with venv, and PyPI for
# deepdiff. Prints a table of processor time, ratios and peak memory; exits with 1 if a goal is missed.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in hyperfine jq git python3 /usr/bin/time; do
    command -v "$tool" > /dev/null || { echo "benches/diff.sh needs $tool" >&2; exit 2; }
done
wfc=${WFC:-$PWD/target/release/wfc}
[ -n "${WFC:-}" ] || cargo build --release --quiet --bin wfc
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
python3 benches/diff/inputs.py "$out"
python3 -m venv "$out/venv"
"$out/venv/bin/pip" install --quiet --disable-pip-version-check 'deepdiff[cli]==8.6.1'

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(git --version)"

# Processor time, user and system, since it depends less on what else the machine does.
spent() { # prints the least processor time in ms; runs, command
    hyperfine -N --ignore-failure --warmup 1 --runs "$1" --export-json "$out/times.json" "$2" > "$out/said" 2>&1 ||
        { cat "$out/said" >&2; exit 2; }
    jq '.results[0] | (.user + .system) * 1000' "$out/times.json"
}
memory() { # prints the peak memory in MiB
    local code=0
    /usr/bin/time -o "$out/memory" -f %M "$@" > "$out/said" 2>&1 || code=$?
    [ "$code" -le 1 ] || { echo "$* ended with $code" >&2; cat "$out/said" >&2; exit 2; }
    tail -n 1 "$out/memory" | awk '{ printf "%.0f", $1 / 1024 }'
}
told() { # the second line of what is told, and whether the matching is approximate
    "$wfc" diff "$1" "$2" > "$out/said" || [ $? -eq 1 ]
    sed -n 2p "$out/said"
    ! grep -q 'fewer changes may tell' "$out/said" || echo "(approximate)"
}
missed=0
row() { # nodes, what, old, new, goal in ms
    local ours theirs peak text
    cd "$out/$1"
    ours=$(spent 10 "$wfc diff $3.json $4.json")
    theirs=$(spent 10 "git diff --no-index --stat $3.json $4.json")
    peak=$(memory "$wfc" diff "$3.json" "$4.json")
    text=$(told "$3.json" "$4.json" | paste -sd' ')
    awk -v nodes="$1" -v what="$2" -v a="$ours" -v b="$theirs" -v peak="$peak" -v text="$text" -v goal="$5" 'BEGIN {
        printf "| %s | %s | %s | %.0f ms | %.2f | %s MiB | %s |\n", nodes, what, text, a, a / b, peak, a < goal ? "yes" : "NO"
        exit a >= goal
    }' || missed=1
    cd - > /dev/null
}
cat << 'TABLE'

| nodes | changed | `wfc diff` tells | processor time | / `git diff --no-index` | peak memory | goal met |
| --- | --- | --- | --- | --- | --- | --- |
TABLE
for nodes in 1000 20000; do
    goal=$([ "$nodes" = 1000 ] && echo 50 || echo 2000)
    while read -r file what; do
        row "$nodes" "$what" old "$file" "$goal"
    done << 'CHANGES'
old nothing
renumbered ids and order
values 10 values
chain a chain of 10 in the middle, and a node before 5 % of the others
chain-renumbered the same, with ids and order
half half of the pictures made in another way
half-renumbered the same, with ids and order
untitled-renumbered all titles gone, with ids and order
unrelated everything
CHANGES
    for shape in identical fan line grid twins; do
        row "$nodes" "$shape: 1 % of the nodes taken out, with ids and order" "$shape-old" "$shape-new" "$goal"
    done
done

echo
cd "$out/1000"
ours=$(spent 10 "$wfc diff old.json values.json")
theirs=$(spent 2 "$out/venv/bin/deep diff old.json values.json")
awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "10 values of 1,000 nodes: deepdiff takes %.0f times the processor time of `wfc diff`\n", b / a }'

echo
echo '| `wfc graph` | format | processor time | peak memory |'
echo '| --- | --- | --- | --- |'
for nodes in 1000 20000; do
    for file in old line grid-old fan-old; do
        [ "$file" != line ] || file=line-old
        for format in svg dot; do
            cd "$out/$nodes"
            time=$(spent 3 "$wfc graph $file.json --format $format")
            peak=$(memory "$wfc" graph "$file.json" --format "$format")
            printf '| %s, %s nodes | %s | %.0f ms | %s MiB |\n' "${file%-old}" "$nodes" "$format" "$time" "$peak"
        done
    done
done
exit "$missed"
