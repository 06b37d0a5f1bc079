#!/usr/bin/env bash
# Measures `wfc lint` from outside, against parsing the same files and against comfy-lint, and how its
# time grows. Needs the corpus (benches/lint.sh [CORPUS], a folder with prompts.jsonl.gz and
# object_info.json.gz), hyperfine, jq, Python 3 with venv, and PyPI for comfy-lint. Prints a table of
# ratios, which do not depend on the machine as times do; exits with 1 if a target is missed.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=${1:-../shared/corpus}
for tool in hyperfine jq python3 taskset; do
    command -v "$tool" > /dev/null || { echo "benches/lint.sh needs $tool" >&2; exit 2; }
done
[ -f "$corpus/prompts.jsonl.gz" ] || { echo "benches/lint.sh: there is no corpus in $corpus" >&2; exit 2; }

cargo build --release --quiet --bin wfc --example parse_json
wfc=$PWD/target/release/wfc
parse=$PWD/target/release/examples/parse_json
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
python3 benches/lint/inputs.py "$corpus" "$out"
"$wfc" catalog import "$out/object_info.json" -o "$out/captured.json" > /dev/null
python3 -m venv "$out/venv"
"$out/venv/bin/pip" install --quiet --disable-pip-version-check comfy-lint==0.1.0
comfy=$out/venv/bin/comfy-lint
cd "$out"

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(python3 --version)"
echo "input: $(ls prompts | wc -l) workflows, $(cat prompts/* | wc -c) bytes; catalog, $(wc -c < object_info.json) bytes"

# Findings are no failure, so exit code 1 is fine, but what is measured must have happened.
check() { # expected number of files, command
    local count code=0
    count=$("${@:2}" 2> err | jq -s '.[0].files | length') || code=$?
    [ "$count" = "$1" ] || { echo "${*:2}: $count files instead of $1, $code" >&2; cat err >&2; exit 2; }
}
lint=("$wfc" lint --format json --catalog object_info.json)
check "$(ls prompts | wc -l)" "${lint[@]}" prompts
check "$(ls many | wc -l)" "${lint[@]}" many
check "$(ls prompts | wc -l)" "$wfc" lint --format json --catalog captured.json prompts
check "$(ls prompts | wc -l)" "$comfy" --schema-cache object_info.json --json prompts/*.json
for shape in fan chain; do
    "$wfc" lint --format json "${shape}_10000.json" > verdict || true
    jq -e '[.files[].diagnostics[]] | length == 0' verdict > /dev/null ||
        { echo "the generated $shape is not clean: $(head -c 400 verdict)" >&2; exit 2; }
done

# Both commands are measured by turns, so that a busy machine slows both.
pair() { # sets first and second to the median times in ms; runs, command, command
    local runs=$1 round
    shift
    for round in 1 2 3 4; do
        hyperfine -N --ignore-failure --warmup 2 --runs "$runs" --export-json "times$round.json" "$@" > /dev/null 2>&1
    done
    read -r first second < <(jq -sr '[.[].results] | transpose
        | map(map(.times[]) | sort | .[length / 2 | floor] * 1000) | map(tostring) | join(" ")' times[1-4].json)
}
# A process for each of many files: every fourth, so that comfy-lint is done within a minute.
each() { # sets total to the sum of the median times in ms; command with {file}
    hyperfine -N --ignore-failure --warmup 1 --runs 3 --export-json each.json \
        --parameter-list file "$(ls prompts/*.json | sed -n '1~4p' | paste -sd,)" "$1" > /dev/null 2>&1
    total=$(jq '[.results[].median] | add * 1000' each.json)
}
missed=0
row() { # what, time, time against it, "<=" or ">=" or "-" for no target, target
    awk -v what="$1" -v a="$2" -v b="$3" -v sign="$4" -v target="${5:-0}" 'BEGIN {
        ratio = a / b
        met = sign == "-" || (sign == "<=" ? ratio <= target : ratio >= target)
        goal = sign == "-" ? "-" : sign " " target
        printf "| %s | %.1f ms | %.1f ms | %.2f | %s | %s |\n", what, a, b, ratio, goal,
            sign == "-" ? "-" : met ? "yes" : "NO"
        exit !met
    }' || missed=1
}
cat << 'TABLE'

L = wfc lint --format json --catalog object_info.json

| measured / against | time | against | ratio | target | met |
| --- | --- | --- | --- | --- | --- |
TABLE
pair 10 "${lint[*]} prompts" "$parse prompts"
row '`L prompts` / `parse_json prompts`' "$first" "$second" '<=' 2.5
pair 10 "${lint[*]} --gate check prompts" "$parse prompts"
row '`L --gate check prompts` / `parse_json prompts`' "$first" "$second" '<=' 2.5
pair 10 "${lint[*]} prompts" "${lint[*]} --gate check prompts"
row '`L prompts` (all rules) / `L --gate check prompts`' "$first" "$second" '<=' 2
pair 10 "${lint[*]} prompts" "$parse prompts object_info.json"
row '`L prompts` / `parse_json prompts object_info.json`' "$first" "$second" -
pair 5 "$comfy --schema-cache object_info.json --json $(echo prompts/*.json)" "${lint[*]} prompts"
row '`comfy-lint --schema-cache object_info.json --json prompts/*.json` (one process) / `L prompts`' "$first" "$second" '>=' 20
each "$comfy --schema-cache object_info.json --json {file}"
slow=$total
each "${lint[*]} {file}"
row "a process for each of $(ls prompts | sed -n '1~4p' | wc -l) files: \`comfy-lint --schema-cache object_info.json --json FILE\` / \`L FILE\`" "$slow" "$total" '>=' 20
each "$wfc lint --format json --catalog captured.json {file}"
row 'the same / `wfc lint --format json --catalog captured.json FILE`' "$slow" "$total" '>=' 20
for shape in fan chain; do
    pair 8 "$wfc lint --format json ${shape}_100000.json" "$wfc lint --format json ${shape}_10000.json"
    row "\`wfc lint ${shape}_100000.json\` / \`wfc lint ${shape}_10000.json\`" "$first" "$second" '<=' 12
done
if [ "$(nproc)" -gt 1 ]; then
    pair 3 "taskset -c 0 ${lint[*]} many" "taskset -c 0,1 ${lint[*]} many"
    row "\`L many\` ($(ls many | wc -l) files) on one core / on two" "$first" "$second" -
fi
exit "$missed"
