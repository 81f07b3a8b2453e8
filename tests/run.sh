#!/usr/bin/env bash
# run.sh [ctest arguments]: installs the packages, builds, and runs every test. Ends with ctest's summary; fails when a
# test fails. Examples: tests/run.sh -R geometry    tests/run.sh -LE sanitizers
set -eu
cd "$(dirname "$0")/.."
deploy/install-packages.sh
deploy/build.sh
exec ctest --test-dir build --output-on-failure "$@"
