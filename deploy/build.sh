#!/usr/bin/env bash
# build.sh [TARGET ...]: configures and builds tomoslab into build/ (programs in build/bin), or into TOMOSLAB_BUILD_FOLDER.
# Without targets, everything.
# TOMOSLAB_BUILD_JOBS sets the number of compilers at once, TOMOSLAB_CMAKE_ARGUMENTS adds to the configuration.
set -eu
cd "$(dirname "$0")/.."

folder=${TOMOSLAB_BUILD_FOLDER:-build}
# One compiler per core, but no more than fit in memory: the generated gRPC code takes up to 1.5 GB each.
cores=$(nproc)
available_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
fitting=$((available_kb / 1500000))
jobs=$((cores < fitting ? cores : fitting))
jobs=${TOMOSLAB_BUILD_JOBS:-$((jobs > 0 ? jobs : 1))}

# shellcheck disable=SC2086  # several arguments in one variable
cmake -S . -B "$folder" -G Ninja ${TOMOSLAB_CMAKE_ARGUMENTS:-}
ninja -C "$folder" -j "$jobs" "$@"
