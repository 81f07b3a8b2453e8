#!/usr/bin/env bash
# pool.sh WORKER [ARGUMENT ...]: starts a pool of MPI ranks of the program WORKER, which dials the server; what follows are more flags for WORKER,
# as --start-seconds 300 or --log-format json. Settings:
#   TOMOSLAB_SERVER   host:port of tomoslabd                         (needed)
#   TOMOSLAB_POOL     the pool's name, unique on the server          (default: this machine's host name)
#   TOMOSLAB_RANKS    MPI ranks                                      (default 1)
#   TOMOSLAB_HOSTS    HOST:RANKS,HOST:RANKS,... by ssh; WORKER lies at the same path on all of them (default: this machine)
#   TOMOSLAB_THREADS  threads of each rank                           (default: cores / ranks of a host, at least 1)
#   TOMOSLAB_DEVICE   auto, cpu or cuda                              (default auto)
#   TOMOSLAB_DEVICE_MEMORY_MB  what each rank may use of its GPU     (default: 90 %, shared by the GPU's ranks)
#   TOMOSLAB_MEMORY_MB  what each rank may use                       (default: three quarters of what is free, shared out)
# Ends when the server drains it (exit 0) or a rank dies (another code): let systemd, compose or Slurm start it again. SIGTERM or SIGINT to
# this script drains the pool: its job leaves a checkpoint and is queued again. (mpirun kills ranks 2 s after a SIGTERM of its own.)
set -eu
worker=$1
shift
: "${TOMOSLAB_SERVER:?is not set: the host:port of tomoslabd}"
ranks=${TOMOSLAB_RANKS:-1}
hosts=$(tr ',' '\n' <<<"${TOMOSLAB_HOSTS:-here}" | wc -l)
here=$(((ranks + hosts - 1) / hosts))
threads=${TOMOSLAB_THREADS:-$(($(nproc) / here))}
free_mb=$(awk '/^MemAvailable:/ {print int($2 / 1000)}' /proc/meminfo)
"$(dirname "$0")/mpirun.sh" "$ranks" "$worker" --server "$TOMOSLAB_SERVER" \
  --pool "${TOMOSLAB_POOL:-$(hostname)}" --threads "$((threads > 0 ? threads : 1))" \
  --device "${TOMOSLAB_DEVICE:-auto}" --device-memory-mb "${TOMOSLAB_DEVICE_MEMORY_MB:-0}" --memory-mb "${TOMOSLAB_MEMORY_MB:-$((free_mb * 3 / 4 / here))}" "$@" &
pool=$!
trap 'kill -USR1 "$pool" || true' TERM INT # mpirun hands it on to the ranks of all hosts
code=0
wait "$pool" || code=$?
while kill -0 "$pool" 2>/dev/null; do # a signal ended the wait
  code=0
  wait "$pool" || code=$?
done
exit "$code"
