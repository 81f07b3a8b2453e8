"""From plain keyword parameters to the server's JobSpec."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import json_format

from tomoslab.errors import InvalidArgument
from tomoslab.geometry import Volume
from tomoslab.v1 import beam_model_pb2, job_pb2

Parameter = float | int | bool | str | Sequence[float]
BeamModel = beam_model_pb2.BeamModel | Mapping[str, Any] | str | pathlib.Path

_STOP = {"iterations": "stopping.iterations", "stop_residual": "stopping.relative_residual", "stop_update": "stopping.relative_update"}
_BOX = {"lower": "bounds.lower_per_mm", "upper": "bounds.upper_per_mm"}
_LOOP = {"iterations": "loop.stopping.iterations", "stop_residual": "loop.stopping.relative_residual",
         "start_iterations": "loop.start_iterations", "inner": "loop.inner", "inner_iterations": "loop.inner_iterations",
         "free_fraction": "loop.free_fraction", "smoothing": "loop.smoothing", "seed": "loop.seed"}
# What each algorithm takes, and where it stands in its message.
PARAMETERS: dict[str, dict[str, str]] = {
    "fdk": {"window": "window", "cutoff": "cutoff"},
    "sirt": {**_STOP, **_BOX, "relaxation": "relaxation"},
    "cgls": _STOP,
    "bb": {**_STOP, **_BOX, "step_rule": "step_rule"},
    "poly-bb": {**_STOP, **_BOX, "step_rule": "step_rule", "misfit": "misfit.domain", "weights": "misfit.weights",
                "linear_adjoint": "linear_adjoint"},
    "poly-sirt": {**_STOP, **_BOX, "relaxation": "relaxation"},
    "dart": {**_LOOP, "grey_values": "grey_value_per_mm", "fixed_grey_values": "fixed_grey_values"},
    "poly-dart": {**_LOOP, "refine_densities": "refine_densities"},
}
# As the command line client's.
_ITERATIONS = {"sirt": 100, "poly-sirt": 100, "cgls": 20, "bb": 30, "poly-bb": 40, "dart": 20, "poly-dart": 20}
_JOB = {"name": "display_name", "projector": "projector", "preview_every": "preview.every_iterations", "priority": "priority", "pool": "pool",
        "background_offset": "preprocessing.background_offset", "low_counts": "preprocessing.low_counts",
        "checkpoint_every_seconds": "checkpoint_every_seconds"}


def make_spec(scan: str, algorithm: str, volume: Volume | None, beam_model: BeamModel | None,
              parameters: Mapping[str, Parameter]) -> job_pb2.JobSpec:
    """parameters: those of PARAMETERS[algorithm] and, for every algorithm, name, projector, preview_every, priority, pool,
    background_offset, low_counts, checkpoint_every_seconds, start ("zero", "fdk", "jobs/ID"), rotation_axis ("auto" or a column)."""
    if algorithm not in PARAMETERS:
        raise InvalidArgument(f"algorithm = {algorithm!r} is none of {', '.join(PARAMETERS)}")
    spec = job_pb2.JobSpec(scan=scan)
    chosen = getattr(spec.algorithm, algorithm.replace("-", "_"))
    chosen.SetInParent()
    if algorithm in _ITERATIONS:
        _set(chosen, PARAMETERS[algorithm]["iterations"], "iterations", _ITERATIONS[algorithm])
    for name, value in parameters.items():
        if name in PARAMETERS[algorithm]:
            _set(chosen, PARAMETERS[algorithm][name], name, value)
        elif name in _JOB:
            _set(spec, _JOB[name], name, value)
        elif name == "start":
            _set_start(spec, value)
        elif name == "rotation_axis":
            _set_rotation_axis(spec, value)
        else:
            raise TypeError(_unknown(name, algorithm))
    if volume is not None:
        spec.volume.CopyFrom(volume.to_proto())
    if beam_model is not None:
        spec.beam_model.CopyFrom(read_beam_model(beam_model))
    return spec


def read_beam_model(model: BeamModel) -> beam_model_pb2.BeamModel:
    """A BeamModel from its message, from a dictionary in protobuf's JSON mapping, or from such a file (docs/use.md)."""
    if isinstance(model, beam_model_pb2.BeamModel):
        return model
    where = "beam_model"
    try:
        if isinstance(model, (str, pathlib.Path)):
            where = str(model)
            model = json.loads(pathlib.Path(model).read_text())
        parsed: beam_model_pb2.BeamModel = json_format.ParseDict(model, beam_model_pb2.BeamModel())
        return parsed
    except (OSError, json.JSONDecodeError, json_format.ParseError) as error:
        raise InvalidArgument(f"{where}: is not a BeamModel in JSON: {error}") from None


def _unknown(name: str, algorithm: str) -> str:
    others = [other for other, known in PARAMETERS.items() if name in known]
    if others:
        return f"{name} does not apply to {algorithm}, only to {', '.join(others)}"
    known = sorted([*PARAMETERS[algorithm], *_JOB, "start", "rotation_axis"])
    return f"there is no parameter {name}; {algorithm} knows {', '.join(known)}"


def _set(message: Any, path: str, name: str, value: Parameter) -> None:
    """Sets the field that `path` leads to; a text stands for an enum's value, in small letters and with hyphens."""
    *parents, field = path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    try:
        if descriptor.enum_type is not None:
            setattr(message, field, _enum_number(descriptor.enum_type, name, value))
        elif descriptor.label == descriptor.LABEL_REPEATED:
            getattr(message, field)[:] = [float(one) for one in value]  # type: ignore[union-attr]
        else:
            setattr(message, field, value)
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"{name} = {value!r}: {error}") from None


def _enum_number(enum: Any, name: str, value: Parameter) -> int:
    known = {one.name.lower().replace("_", "-"): one.number for one in enum.values if one.number != 0}
    wanted = str(value).lower().replace("_", "-")
    if wanted not in known:
        raise InvalidArgument(f"{name} = {value!r} is none of {', '.join(known)}")
    return int(known[wanted])


def _set_start(spec: job_pb2.JobSpec, value: Parameter) -> None:
    if value == "zero":
        spec.start.zero = True
    elif value == "fdk":
        spec.start.fdk.SetInParent()
    elif isinstance(value, str) and value.startswith("jobs/"):
        spec.start.job = value
    else:
        raise InvalidArgument(f"start = {value!r} is none of \"zero\", \"fdk\", \"jobs/ID\"")


def _set_rotation_axis(spec: job_pb2.JobSpec, value: Parameter) -> None:
    if value == "auto":
        spec.preprocessing.find_rotation_axis = True
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        spec.preprocessing.rotation_axis_column = float(value)
    else:
        raise InvalidArgument(f"rotation_axis = {value!r} is neither \"auto\" nor a detector column")
