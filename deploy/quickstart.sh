#!/usr/bin/env bash
# quickstart.sh: from a fresh clone to a reconstructed slice. Installs the packages, builds, starts a server with a
# pool of two MPI ranks, reconstructs a measured scan of a tooth with the command line client, and says where the result is.
# Can be run again at any time.
set -eu
cd "$(dirname "$0")/.."
out=out/quickstart

deploy/install-packages.sh
deploy/build.sh tomoslabd tomoslab-worker tomoslab

mkdir -p "$out"
port_file=$out/server.address
rm -rf "$port_file" "$out/data"
echo
echo "Starting tomoslabd with a pool of 2 ranks; its data folder is $out/data, its log $out/server.log"
build/bin/tomoslabd --listen 127.0.0.1:0 --port-file "$port_file" --data "$out/data" --ranks 2 >"$out/server.log" 2>&1 &
server=$!
stop_server() { kill -TERM "$server" 2>/dev/null && wait "$server" || true; }
trap stop_server EXIT
for _ in $(seq 300); do
  [ -s "$port_file" ] && break
  kill -0 "$server" 2>/dev/null || { echo "quickstart.sh: tomoslabd ended; the end of its log:" >&2; tail -n 20 "$out/server.log" >&2; exit 1; }
  sleep 0.1
done
[ -s "$port_file" ] || { echo "quickstart.sh: tomoslabd did not listen within 30 s; see $out/server.log" >&2; exit 1; }
TOMOSLAB_SERVER=$(cat "$port_file")
export TOMOSLAB_SERVER

deploy/run-sample.sh build/bin/tomoslab tests/data/tooth_dx.h5 "$out"

echo
echo "Done. The reconstructed tooth:"
ls -1 "$PWD/$out"/tooth.h5 "$PWD/$out"/png/*.png
