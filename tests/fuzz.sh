#!/usr/bin/env bash
# fuzz.sh FOLDER: builds the fuzz targets with clang into FOLDER and runs each for 30 s from its corpus (tests/fuzz/corpus).
set -eu
cd "$(dirname "$0")/.."
folder=$1
export TOMOSLAB_BUILD_FOLDER=$folder CC=clang CXX=clang++
export TOMOSLAB_CMAKE_ARGUMENTS="-DTOMOSLAB_FUZZ=ON -DTOMOSLAB_CUDA=OFF -DTOMOSLAB_BENCHMARKS=OFF"
deploy/build.sh fuzz_targets
exec ctest --test-dir "$folder" -j "$(nproc)" --output-on-failure --no-tests=error -L fuzz
