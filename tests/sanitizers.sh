#!/usr/bin/env bash
# sanitizers.sh FOLDER [address|thread]: builds the tests of the server, of messages and of scan files into FOLDER with the address and
# undefined-behaviour sanitizers (the default), or those of the server with the thread sanitizer, and runs them. TOMOSLAB_BUILD_JOBS as for
# deploy/build.sh.
set -eu
cd "$(dirname "$0")/.."
folder=$1
case ${2:-address} in
  address) sanitizers=address,undefined tests=(proto_test scan_files_test server_store_test server_dispatch_test server_server_test) ;;
  thread) sanitizers=thread tests=(server_store_test server_dispatch_test server_server_test) ;;
  *) echo "$0: $2 is neither address nor thread" >&2; exit 2 ;;
esac

export TOMOSLAB_BUILD_FOLDER=$folder
export TOMOSLAB_CMAKE_ARGUMENTS="-DTOMOSLAB_SANITIZE=$sanitizers -DTOMOSLAB_CUDA=OFF -DTOMOSLAB_BENCHMARKS=OFF -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1"
deploy/build.sh "${tests[@]}"
pattern="^($(IFS='|'; echo "${tests[*]}"))\$"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tests/leaks.supp:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/tests/races.supp:print_suppressions=0:second_deadlock_stack=1
exec ctest --test-dir "$folder" --output-on-failure --no-tests=error -R "$pattern"
