#!/usr/bin/env bash
# sanitizers.sh FOLDER: builds the tests of the server, of messages and of scan files with the address and
# undefined-behaviour sanitizers into FOLDER, and runs them. TOMOSLAB_BUILD_JOBS as for deploy/build.sh.
set -eu
cd "$(dirname "$0")/.."
folder=$1
tests=(proto_test scan_files_test server_store_test server_dispatch_test server_server_test)

export TOMOSLAB_BUILD_FOLDER=$folder
export TOMOSLAB_CMAKE_ARGUMENTS="-DTOMOSLAB_SANITIZE=address,undefined -DTOMOSLAB_CUDA=OFF -DTOMOSLAB_BENCHMARKS=OFF -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1"
deploy/build.sh "${tests[@]}"
pattern="^($(IFS='|'; echo "${tests[*]}"))\$"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tests/leaks.supp:print_suppressions=0
exec ctest --test-dir "$folder" --output-on-failure --no-tests=error -R "$pattern"
