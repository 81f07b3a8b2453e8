#!/usr/bin/env bash
# sanitizers.sh WHAT FOLDER: builds with sanitizers into folders within FOLDER, and runs:
#   fuzz        each parser of outside bytes for 30 s from its corpus (tests/fuzz/corpus), with libFuzzer, the address and the
#               undefined-behaviour sanitizer (clang)
#   sanitizers  the tests of the server, of messages and of scan files with these two; the same build
#   races       the tests of the server with the thread sanitizer
# A report fails what it appears in. TOMOSLAB_BUILD_JOBS as for deploy/build.sh.
set -eu
cd "$(dirname "$0")/.."
what=$1
tests=(server_store_test server_dispatch_test server_server_test)
case $what in
  fuzz) targets=(fuzz_targets) ;;
  sanitizers) tests+=(proto_test scan_files_test); targets=("${tests[@]}") ;;
  races) tests+=(server_web_test server_queue_test); targets=(racing "${tests[@]}") ;;
  *) echo "$0: $what is none of fuzz, sanitizers and races" >&2; exit 2 ;;
esac
if [ "$what" = races ]; then
  folder=$2/thread_sanitized configuration="-DTOMOSLAB_SANITIZE=thread"
else
  export CC=clang CXX=clang++
  folder=$2/address_sanitized configuration="-DTOMOSLAB_SANITIZE=address,undefined -DTOMOSLAB_FUZZ=ON"
fi
export TOMOSLAB_BUILD_FOLDER=$folder
export TOMOSLAB_CMAKE_ARGUMENTS="$configuration -DTOMOSLAB_CUDA=OFF -DTOMOSLAB_BENCHMARKS=OFF"
deploy/build.sh "${targets[@]}"

run=(ctest --test-dir "$folder" --output-on-failure --no-tests=error)
if [ "$what" = fuzz ]; then exec "${run[@]}" -j "$(nproc)" -L fuzz; fi
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tests/leaks.supp:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/tests/races.supp:print_suppressions=0:second_deadlock_stack=1
if [ "$what" = races ]; then
  racing=$folder/bin/tests/racing
  "$racing" locked
  report=$("$racing" unlocked 2>&1) && status=0 || status=$?
  if [ "$status" != 66 ] || ! grep -q "data race .*racing.cc.* in Count" <<<"$report"; then
    echo "$0: the thread sanitizer has not reported the race of racing.cc, so that its silence would mean nothing (exit status $status)" >&2
    exit 1
  fi
  run+=(-j 2)
fi
exec "${run[@]}" -R "^($(IFS='|'; echo "${tests[*]}"))\$"
