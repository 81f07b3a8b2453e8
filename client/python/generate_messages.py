#!/usr/bin/python3
"""generate_messages.py OUT: writes the Python modules of proto/tomoslab/v1/*.proto, with type stubs, below OUT/tomoslab/v1.

Uses protoc and grpc_python_plugin where they are installed (Debian: protobuf-compiler, protobuf-compiler-grpc), else grpc_tools (pip:
grpcio-tools; Debian 12's python3-grpc-tools is too old for `optional`). pip's build (setup.py) and CMake run it; nothing that it writes is kept
in the repository.
"""

import importlib.util
import pathlib
import shutil
import subprocess
import sys

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
SERVICES = ("access", "reconstruction")
MESSAGES = ("access", "beam_model", "geometry", "job", "reconstruction", "scan")


def compiler():
    """The command that runs protoc with its plugin for gRPC."""
    protoc, plugin = shutil.which("protoc"), shutil.which("grpc_python_plugin")
    if protoc is not None and plugin is not None:
        return [protoc, f"--plugin=protoc-gen-grpc_python={plugin}"]
    if importlib.util.find_spec("grpc_tools") is not None:
        return [sys.executable, "-m", "grpc_tools.protoc"]
    sys.exit("generate_messages.py: neither protoc with grpc_python_plugin (Debian: protobuf-compiler, protobuf-compiler-grpc) nor "
             "grpc_tools (pip: grpcio-tools) is installed; install either")


def generate(out):
    """Writes *_pb2.py, *_pb2.pyi and *_pb2_grpc.py below `out`, which is made."""
    out = pathlib.Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    command = compiler()

    def run(names, *flags):
        files = [f"tomoslab/v1/{name}.proto" for name in names]
        subprocess.run([*command, f"-I{PROTO}", *flags, *files], cwd=PROTO, check=True)

    run(MESSAGES, f"--python_out={out}", f"--pyi_out={out}")
    run(SERVICES, f"--grpc_python_out={out}")
    (out / "tomoslab/v1/__init__.py").write_text('"""Messages of proto/tomoslab/v1; generated."""\n')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    generate(sys.argv[1])
