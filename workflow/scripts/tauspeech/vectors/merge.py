"""The engine in one expression: out = base + scale * Phi(tau_1, ..., tau_K)."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tauspeech.errors import UserError
from tauspeech.vectors.checkpoint import fingerprint
from tauspeech.vectors.methods import METHODS
from tauspeech.vectors.task_vector import TaskVector


def merge(
    base_weights: Mapping[str, Tensor],
    method: str,
    vectors: Mapping[str, TaskVector],
    weights: Mapping[str, float],
    options: Mapping[str, Any],
    seed: int,
    scale: float = 1.0,
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """``apply`` of ``combine``, on the base that the vectors were made from and on no other."""
    found = fingerprint(base_weights)
    for key, vector in vectors.items():
        if vector.base_fingerprint != found:
            raise UserError(
                f"Vector {key} was made from base {vector.base_fingerprint[:12]}, but the base given is {found[:12]}; "
                "merge into the model that the vector was made from."
            )
    return apply(base_weights, combine(method, vectors, weights, options, seed), scale, dtype)


def combine(
    method: str,
    vectors: Mapping[str, TaskVector],
    weights: Mapping[str, float],
    options: Mapping[str, Any],
    seed: int,
) -> dict[str, Tensor]:
    """Phi in float32, the same bytes whatever the order of ``vectors`` and the number of threads.

    A vector without a weight counts 1, or 1/K in an average.
    """
    if method not in METHODS:
        raise UserError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
    if not vectors:
        raise UserError(f"The {method} merge has no vectors; list at least one.")
    _check_weights(weights, vectors)
    _check_alike(vectors)
    function = METHODS[method]
    arguments = _checked_options(method, options)
    if "seed" in inspect.signature(function).parameters:
        arguments["seed"] = seed
    ordered = {key: vectors[key].tensors for key in sorted(vectors)}
    return function(ordered, weights, **arguments)


def apply(
    base_weights: Mapping[str, Tensor], phi: Mapping[str, Tensor], scale: float, dtype: torch.dtype | None = None
) -> dict[str, Tensor]:
    """The base moved by ``scale`` * Phi, in the base's types or in ``dtype``; what Phi lacks is the base's.

    Sums are float64 and rounded once; integers are never cast.
    """
    _check_number("scale", scale)
    unknown = sorted(phi.keys() - base_weights.keys())
    if unknown:
        raise UserError(f"The base has no tensor {unknown[0]}; merge into the model that the vectors were made from.")
    out = {}
    for name, base in base_weights.items():
        target = dtype if dtype and base.is_floating_point() else base.dtype
        if name not in phi:
            out[name] = base.to(target)
            continue
        if base.shape != phi[name].shape:
            raise UserError(
                f"Tensor {name} is {list(base.shape)} in the base but {list(phi[name].shape)} in the vectors; "
                "merge into the model that they were made from."
            )
        out[name] = (base.double() + phi[name].double() * scale).to(target)
        if not torch.isfinite(out[name]).all():
            raise UserError(
                f"Tensor {name} overflows {str(target).removeprefix('torch.')}; lower the scale or write float32."
            )
    return out


def _check_weights(weights: Mapping[str, float], vectors: Mapping[str, TaskVector]) -> None:
    for key, weight in weights.items():
        if key not in vectors:
            raise UserError(
                f"There is a weight for {key!r} but no such vector; there are {', '.join(sorted(vectors))}."
            )
        _check_number(f"weight of {key}", weight)


def _check_alike(vectors: Mapping[str, TaskVector]) -> None:
    first, *others = sorted(vectors)
    shapes = {name: tensor.shape for name, tensor in vectors[first].tensors.items()}
    for other in others:
        if vectors[other].base_fingerprint != vectors[first].base_fingerprint:
            raise UserError(
                f"Vectors {first} and {other} were made from different bases "
                f"({vectors[first].base_fingerprint[:12]}, {vectors[other].base_fingerprint[:12]}); "
                "merge only vectors of one base."
            )
        differing = shapes.items() ^ {name: tensor.shape for name, tensor in vectors[other].tensors.items()}.items()
        if differing:
            name, _ = min(differing)
            raise UserError(f"Vectors {first} and {other} differ in tensor {name}; make both again from one base.")


def _checked_options(method: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a method are the keyword arguments of its function."""
    parameters = inspect.signature(METHODS[method]).parameters.values()
    known = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "seed"}
    for name, value in options.items():
        if name not in known:
            raise UserError(f"{method} has no option {name!r}; it has {', '.join(known) or 'none'}.")
        _check_option(name, value)
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in options:
            raise UserError(f"{method} needs the option {name}; set it under options.")
    return dict(options)


def _check_option(name: str, value: Any) -> None:
    if name == "keep":
        _check_number(name, value)
        if not 0 < value <= 1:
            raise UserError(f"keep is {value}, but it is the fraction of entries kept: above 0, at most 1.")
    if name == "scope" and value not in ("global", "tensor"):
        raise UserError(f"scope is {value!r}; choose global (trim the whole vector) or tensor (each one by itself).")


def _check_number(what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"The {what} is {value!r}; give a finite number.")
