"""Run the graph of an ONNX file, and compare it with the network that was built from its weights.

The weights of a file do not say what the exporting program did with them: a graph that was exported
in training mode normalises by the batch, and one with norms folded into convolutions has none.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.reading.file_kinds import Container
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import CheckFinding

_PICTURES = 8  # that are compared
_MOST_SIDE = 512  # pixels of a fixed input
#: Operators with graphs inside, which may never end; a residual network has none.
_REFUSED = ("Loop", "Scan", "If", "SequenceMap")
_DOMAINS = ("", "ai.onnx")


def graph_findings(container: Container | None, file: str) -> Iterator[CheckFinding]:
    """Yield what the graph of an ONNX file says by itself, whatever network it is of."""
    if container is not Container.ONNX or not file:
        return
    graph = _graph(file)
    in_training = [node.name or node.op_type for node in graph.node if _trains(node, graph)]
    yield graded("onnx_training", float(len(in_training)), names=", ".join(in_training[:3]))
    operators = [node.op_type for node in graph.node]
    if "Conv" in operators and not any("Normalization" in operator for operator in operators):
        yield graded("onnx_folded", float(operators.count("Conv")), note=True)


def onnx_findings(identification: Identification, file: str) -> Iterator[CheckFinding]:
    """Yield what the graph of an ONNX file does otherwise; nothing for another file."""
    container = identification.file.origin.container
    yield from graph_findings(container, file)
    if container is not Container.ONNX or not file:
        return
    graph = _graph(file)
    reason = _unsafe(graph)
    theirs: Tensor | None = None
    if not reason:
        theirs, ours, reason = _answers(identification, graph, file)
    if theirs is None:
        yield graded("onnx_not_run", 0.0, note=True, reason=reason)
        return
    apart = float((theirs - ours).norm() / ours.norm().clamp_min(1e-12))
    same = float((theirs.argmax(1) == ours.argmax(1)).double().mean())
    yield graded("onnx_differs", apart if math.isfinite(apart) else math.nan, same=f"{same:.0%}")


def _graph(file: str) -> Any:  # noqa: ANN401  # protobuf messages
    import onnx

    return onnx.load_model(file, load_external_data=False).graph


def _trains(node: Any, graph: Any) -> bool:  # noqa: ANN401  # protobuf messages
    """Whether a node normalises by the batch, or drops values."""
    if node.op_type == "BatchNormalization":
        return any(each.name == "training_mode" and each.i for each in node.attribute)
    if node.op_type != "Dropout" or len(node.input) < 3 or not node.input[2]:
        return False
    switch = [each for each in graph.initializer if each.name == node.input[2]]
    switch += [
        each.t for other in graph.node if other.op_type == "Constant"
        and other.output[0] == node.input[2] for each in other.attribute if each.name == "value"
    ]  # fmt: skip
    return any(each.raw_data not in (b"", b"\x00") or 1 in each.int32_data for each in switch)


def _unsafe(graph: Any) -> str:  # noqa: ANN401
    """Why a graph is not run; "" for one of ordinary operators."""
    for node in graph.node:
        if node.op_type in _REFUSED or node.domain not in _DOMAINS:
            return str(node.op_type)[:40]
    return ""


def _answers(
    identification: Identification,
    graph: Any,  # noqa: ANN401
    file: str,
) -> tuple[Tensor | None, Tensor, str]:
    """Outputs of the graph and of our network on the same pictures, and why there are none."""
    ours = torch.zeros(0)
    try:
        import onnxruntime
    except ImportError:
        return None, ours, "onnxruntime"
    known = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in known]
    if len(inputs) != 1:
        return None, ours, "inputs"
    shape = [int(each.dim_value) for each in inputs[0].type.tensor_type.shape.dim]
    preprocessing = identification.preprocessing
    if len(shape) == 4 and 0 < shape[2] <= _MOST_SIDE and shape[2] != preprocessing.size:
        resize = round(shape[2] * preprocessing.resize / preprocessing.size)
        preprocessing = replace(preprocessing, size=shape[2], resize=resize)
    batch = sample_batch(preprocessing)[:_PICTURES]
    at_once = shape[0] if len(shape) == 4 and 0 < shape[0] <= len(batch) else len(batch)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its warnings are for its own users
    try:
        session = onnxruntime.InferenceSession(
            Path(file).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        parts = [
            session.run(None, {inputs[0].name: part.contiguous().numpy()})[0]
            for part in batch.split(at_once)  # type: ignore[no-untyped-call]
            if len(part) == at_once
        ]
        theirs = torch.from_numpy(np.concatenate(parts)).float().flatten(1)
    except Exception as error:  # its errors have no common class
        return None, ours, type(error).__name__
    with torch.no_grad():
        ours = identification.network(batch[: len(theirs)])
    if theirs.shape != ours.shape:
        return None, ours, "x".join(map(str, theirs.shape[1:]))
    sums_to_one = torch.allclose(theirs.sum(1), torch.ones(len(theirs)), atol=1e-3)
    if sums_to_one and bool((theirs >= 0).all()):  # the graph ends with a softmax
        ours = ours.softmax(1)
    return theirs, ours, ""
