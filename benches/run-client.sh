#!/usr/bin/env bash
# Measures the client of `wfc run` against `wfc sim` at the speed at which nothing waits: jobs a second with one and with
# several jobs in flight, what it adds to a job, and memory with 1,000 and 10,000 jobs, the server's too. Needs jq and GNU
# time.
# WFC=path takes a program that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in jq /usr/bin/time; do
    command -v "$tool" > /dev/null || { echo "benches/run-client.sh needs $tool" >&2; exit 2; }
done
if [ -z "${WFC:-}" ]; then
    cargo build --release --quiet
    WFC=$PWD/target/release/wfc
fi
out=$(mktemp -d)
# Without the gap between a job's last message and its entry in the history, which is the server's own time.
touch "$out/sim.txt"
"$WFC" sim --port 0 --speed max --history-gap 0ms > "$out/sim.txt" 2> /dev/null &
sim=$!
trap 'kill $sim; rm -rf "$out"' EXIT
until grep -q listening "$out/sim.txt"; do sleep 0.1; done
url=$(sed -n 's/^listening on //p' "$out/sim.txt")

color=0
measure() { # jobs, in flight
    printf 'graph = "smoke"\n[matrix]\ncolor = { from = %d, to = %d, step = 1 }\n' $((color + 1)) $((color + $1)) > "$out/b.toml"
    color=$((color + $1))
    rm -rf "$out/outputs"
    (cd "$out" && /usr/bin/time -f '%e %M' -o "$out/time.txt" "$WFC" run b.toml --on "$url" --in-flight "$2" --format json > events.jsonl)
    local record=$out/outputs/0001-b/run.json
    test "$(jq .counts.done "$record")" = "$1"
    awk -v jobs="$1" -v flight="$2" '{
        printf "%d jobs, %d in flight: %.0f jobs a second, %.2f ms a job, peak memory %.1f MiB\n",
            jobs, flight, jobs / $1, $1 * 1000 / jobs, $2 / 1024
    }' "$out/time.txt"
}

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
measure 1000 1
measure 1000 2
measure 1000 8
measure "${JOBS:-10000}" 2
awk '/^VmRSS/ { printf "the simulated server: %.1f MiB\n", $2 / 1024 }' "/proc/$sim/status"
