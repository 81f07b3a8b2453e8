#!/usr/bin/env bash
# run.sh TARGET CORPUS [SECONDS]: fuzzes for 30 s from the corpus; what is new stays in a folder that goes away. Fails with the
# input (crash-…, timeout-…, in the working folder) on a finding.
set -eu
target=$1 corpus=$2 seconds=${3:-30}
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
export LSAN_OPTIONS=suppressions=$(realpath "$(dirname "$0")/../leaks.supp"):print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 -verbosity=0 "$fresh" "$corpus"
