#!/usr/bin/env bash
# run.sh [ctest arguments]: installs the packages, builds, and runs every test but the acceptance cases that take minutes
# each. Ends with ctest's summary; fails when a test fails. With arguments, they choose:
#   tests/run.sh -R geometry    tests/run.sh -L minutes    tests/run.sh -LE sanitizers
set -eu
cd "$(dirname "$0")/.."
deploy/install-packages.sh
deploy/build.sh
[ $# -gt 0 ] || set -- -LE minutes
exec ctest --test-dir build -j "$(nproc)" --output-on-failure "$@"
