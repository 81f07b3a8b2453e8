#!/usr/bin/env bash
# install-packages.sh [--runtime]: installs the Debian 12 packages that tomoslab needs; does nothing when all are there.
#   (no argument)  everything to build, test and run
#   --runtime      only what the built programs load (server, pool and client in one list; the Dockerfiles use it)
# Works as root or with sudo.
set -eu

build_packages=(
  g++ cmake ninja-build pkg-config ccache mold git ca-certificates
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libprotoc-dev libabsl-dev libssl-dev openssl
  libopenmpi-dev openmpi-bin libhdf5-dev libsqlite3-dev libfftw3-dev libtiff-dev libpng-dev libisal-dev
  libhwy-dev libxrl-dev libeigen3-dev libbenchmark-dev libspdlog-dev prometheus-cpp-dev libcpp-httplib-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev
  clang libclang-rt-14-dev libomp-dev
  iproute2 python3 python3-numpy python3-h5py python3-yaml python3-grpcio python3-protobuf python3-crc32c python3-tqdm mypy
  node-typescript eslint chromium chromium-driver python3-selenium
  python3-pip python3-setuptools python3-wheel
)
runtime_packages=(
  libgrpc++1.51 libgrpc29 libprotobuf32 libabsl20220623 libssl3 openmpi-bin libopenmpi3 libhdf5-103-1 libsqlite3-0
  libfftw3-single3 libtiff6 libpng16-16 libisal2 libhwy1 libxrl11 libspdlog1.10 libprometheus-cpp-core1.0 libcpp-httplib0.11 libfmt9 libgomp1 ca-certificates
)

case "${1:-}" in
  --runtime) packages=("${runtime_packages[@]}") ;;
  "") packages=("${build_packages[@]}") ;;
  *) echo "install-packages.sh: unknown argument '$1'; the only one is --runtime" >&2; exit 2 ;;
esac

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "All ${#packages[@]} Debian packages are installed."
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install-packages.sh: these packages are missing: ${missing[*]}; run this script as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 -q -y)
"${apt[@]}" update
"${apt[@]}" install --no-install-recommends "${missing[@]}"
