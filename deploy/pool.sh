#!/usr/bin/env bash
# pool.sh WORKER: starts a pool of MPI ranks of the program WORKER on this machine, which dials the server. Settings:
#   TOMOSLAB_SERVER   host:port of tomoslabd                         (needed)
#   TOMOSLAB_POOL     the pool's name, unique on the server          (default: this machine's host name)
#   TOMOSLAB_RANKS    MPI ranks                                      (default 1)
#   TOMOSLAB_THREADS  threads of each rank                           (default: cores / ranks, at least 1)
#   TOMOSLAB_DEVICE   auto, cpu or cuda                              (default auto)
#   TOMOSLAB_DEVICE_MEMORY_MB  what each rank may use of its GPU     (default: 90 %, shared by the GPU's ranks)
#   TOMOSLAB_MEMORY_MB  what each rank may use                       (default: three quarters of what is free, shared out)
# Ends when the server drains it (exit 0) or a rank dies (another code): let systemd, compose or Slurm start it again.
set -eu
worker=$1
: "${TOMOSLAB_SERVER:?is not set: the host:port of tomoslabd}"
ranks=${TOMOSLAB_RANKS:-1}
threads=${TOMOSLAB_THREADS:-$(($(nproc) / ranks))}
free_mb=$(awk '/^MemAvailable:/ {print int($2 / 1000)}' /proc/meminfo)
exec "$(dirname "$0")/mpirun.sh" "$ranks" "$worker" --server "$TOMOSLAB_SERVER" \
  --pool "${TOMOSLAB_POOL:-$(hostname)}" --threads "$((threads > 0 ? threads : 1))" \
  --device "${TOMOSLAB_DEVICE:-auto}" --device-memory-mb "${TOMOSLAB_DEVICE_MEMORY_MB:-0}" --memory-mb "${TOMOSLAB_MEMORY_MB:-$((free_mb * 3 / 4 / ranks))}"
