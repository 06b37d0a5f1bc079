#!/usr/bin/env bash
# Measures how far wfc agrees with ComfyUI: verdicts on prompts, conversions from the editor's format, and
# round trips through graph files. Needs the corpus in ../shared/corpus; fails if a goal is missed.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d ../shared/corpus ] || { echo "benches/agreement.sh: there is no corpus in ../shared/corpus" >&2; exit 2; }
WFC_ORDERS=100 cargo test --test it --quiet -- --nocapture verdicts::corpus ui::corpus round_trip::corpus |
    grep -E "prompts|conversions|exports|test result|panicked"
