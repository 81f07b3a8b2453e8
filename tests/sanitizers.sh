#!/usr/bin/env bash
# sanitizers.sh FOLDER [address|thread]: builds the tests of the server, of messages and of scan files into FOLDER with the address and
# undefined-behaviour sanitizers (the default), or those of the server with the thread sanitizer, and runs them. A report fails the test it
# appears in. TOMOSLAB_BUILD_JOBS as for deploy/build.sh.
set -eu
cd "$(dirname "$0")/.."
folder=$1
tests=(server_store_test server_dispatch_test server_server_test)
more=() at_once=1
case ${2:-address} in
  address) sanitizers=address,undefined; tests+=(proto_test scan_files_test) ;;
  thread) sanitizers=thread; tests+=(server_web_test server_queue_test); more=(racing) at_once=2 ;;
  *) echo "$0: $2 is neither address nor thread" >&2; exit 2 ;;
esac

export TOMOSLAB_BUILD_FOLDER=$folder
export TOMOSLAB_CMAKE_ARGUMENTS="-DTOMOSLAB_SANITIZE=$sanitizers -DTOMOSLAB_CUDA=OFF -DTOMOSLAB_BENCHMARKS=OFF"
deploy/build.sh "${tests[@]}" "${more[@]}"
pattern="^($(IFS='|'; echo "${tests[*]}"))\$"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tests/leaks.supp:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/tests/races.supp:print_suppressions=0:second_deadlock_stack=1
if [ "$sanitizers" = thread ]; then
  racing=$folder/bin/tests/racing
  "$racing" locked
  report=$("$racing" unlocked 2>&1) && status=0 || status=$?
  if [ "$status" != 66 ] || ! grep -q "data race .*racing.cc.* in Count" <<<"$report"; then
    echo "$0: the thread sanitizer has not reported the race of racing.cc, so that its silence would mean nothing (exit status $status)" >&2
    exit 1
  fi
fi
exec ctest --test-dir "$folder" -j "$at_once" --output-on-failure --no-tests=error -R "$pattern"
