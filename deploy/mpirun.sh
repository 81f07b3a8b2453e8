#!/usr/bin/env bash
# mpirun.sh RANKS PROGRAM [ARGUMENT ...]: starts ranks on this machine, or on TOMOSLAB_HOSTS (pool.sh), with the flags that work as root
# and with more ranks than cores (shared by the tests and the launch scripts). Other flags of Open MPI: in its environment, OMPI_MCA_NAME.
set -eu
ranks=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Threads that spin while they wait starve the other ranks of a busy machine (20 times slower on two cores).
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}"
hosts=()
if [ -n "${TOMOSLAB_HOSTS:-}" ]; then
  hosts=(--host "$TOMOSLAB_HOSTS" -x OMP_WAIT_POLICY)
  for setting in TOMOSLAB_TLS_CA TOMOSLAB_TLS_CERT TOMOSLAB_TLS_KEY TOMOSLAB_TOKEN_FILE TOMOSLAB_TOKEN; do
    if [ -n "${!setting:-}" ]; then hosts+=(-x "$setting"); fi
  done
fi
# Keepalive: a host that is cut off is noticed in 5 s, where TCP takes minutes; mpirun then ends, and its launcher starts it again.
exec mpirun -n "$ranks" "${hosts[@]}" --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 --mca btl_vader_single_copy_mechanism none \
  --mca oob_tcp_keepalive_time 2 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 "$@"
