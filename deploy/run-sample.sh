#!/usr/bin/env bash
# run-sample.sh CLIENT SCAN FOLDER: submits SCAN to the server at $TOMOSLAB_SERVER, watches it, and writes
# FOLDER/tooth.h5 and PNG images of its middle slices into FOLDER/png. Used by quickstart.sh and the compose file.
set -eu -o pipefail
client=$1 scan=$2 folder=$3
rm -rf "$folder/tooth.h5" "$folder/png"
mkdir -p "$folder"
"$client" submit "$scan" --algorithm bb --iterations 20 --lower 0 --rotation-axis auto | tee "$folder/submit.log"
job=$(tail -n 1 "$folder/submit.log")
"$client" watch "$job"
"$client" fetch "$job" -o "$folder/tooth.h5" --png "$folder/png"
