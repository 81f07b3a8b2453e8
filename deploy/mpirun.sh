#!/usr/bin/env bash
# mpirun.sh RANKS PROGRAM [ARGUMENT ...]: starts ranks on this machine with the flags that work as root and with
# more ranks than cores (shared by the tests and the launch scripts).
set -eu
ranks=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Threads that spin while they wait starve the other ranks of a busy machine (20 times slower on two cores).
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}"
exec mpirun -n "$ranks" --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 --mca btl_vader_single_copy_mechanism none "$@"
