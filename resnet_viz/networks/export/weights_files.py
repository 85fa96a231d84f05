"""Networks as files that run elsewhere: safetensors and ONNX."""

import math
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from resnet_viz.core.errors import OptionError
from resnet_viz.networks.export.spec_file import SCHEMA_VERSION
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.resnet.modules import SameConv2d
from resnet_viz.networks.resnet.shortcuts import ZeroPad
from resnet_viz.networks.safetensors_bytes import safetensors_bytes
from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.records import Layer

if TYPE_CHECKING:
    from onnx import NodeProto

_OPSET = 21  # the first with group normalisation as PyTorch computes it
_FORMAT = 10  # the version of the file's layout that goes with it
_ALMOST_ZERO = 1e-37
_TO_THE_END = np.iinfo(np.int64).max


def to_safetensors(network: ResNet) -> bytes:
    """Weights as safetensors, with the spec in the metadata for ``load_checkpoint``."""
    described = {"schema_version": SCHEMA_VERSION, "spec": network.spec.to_dict()}
    return safetensors_bytes(network.state_dict(), described)


def has_onnx() -> bool:
    """Whether the package ``onnx``, which ``to_onnx`` needs, is installed."""
    return find_spec("onnx") is not None


def to_onnx(network: ResNet) -> bytes:
    """The network in evaluation mode as an ONNX model, for a batch of any size.

    Its input is called ``images``, its output ``logits``, its nodes have our layers' names. Needs
    the package ``onnx``; raises ``OptionError`` where it is not installed.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError as error:
        raise OptionError("onnx_missing") from error
    graph = _Graph()
    rows = layer_table(network.spec)
    for row in rows:
        graph.add(network, row)
    image = rows[0].inputs[0]
    spec = network.spec
    shape: list[str | int | None] = ["batch", spec.input_channels, spec.input_size, spec.input_size]
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Identity", ["images"], [image]), *graph.nodes],
            spec.name,
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", spec.classes])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_FORMAT,
        producer_name="resnet_viz",
    )
    return bytes(model.SerializeToString())


class _Graph:
    """The nodes and weights so far; a layer's output carries the layer's name."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[Any] = []

    def add(self, network: ResNet, row: Layer) -> None:
        module: nn.Module = network if row.kind == "Add" else network.get_submodule(row.name)
        _WRITERS[row.kind](self, row, module)

    def node(
        self, kind: str, row: Layer, inputs: Sequence[str], output: str = "", **attributes: Any
    ) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output or row.name], **attributes))

    def weight(self, name: str, value: Tensor | Sequence[int] | float) -> str:
        from onnx import numpy_helper

        whole = isinstance(value, Sequence)
        array = (
            value.detach().cpu().numpy()
            if isinstance(value, Tensor)
            else np.asarray(value, np.int64 if whole else np.float32)
        )
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def _convolution(graph: _Graph, row: Layer, module: Any) -> None:
    weights = [graph.weight(f"{row.name}.weight", module.weight)]
    if module.bias is not None:
        weights.append(graph.weight(f"{row.name}.bias", module.bias))
    pads: dict[str, Any] = {"pads": [module.padding[0]] * 4}
    if isinstance(module, SameConv2d):
        pads = {"auto_pad": "SAME_UPPER"}
    strides = [module.stride[0]] * 2
    graph.node("Conv", row, [row.inputs[0], *weights], strides=strides, group=module.groups, **pads)


def _batch_norm(graph: _Graph, row: Layer, module: Any) -> None:
    names = ("weight", "bias", "running_mean", "running_var")
    weights = [graph.weight(f"{row.name}.{name}", getattr(module, name)) for name in names]
    graph.node("BatchNormalization", row, [row.inputs[0], *weights], epsilon=module.eps)


def _group_norm(graph: _Graph, row: Layer, module: Any) -> None:
    weights = [graph.weight(f"{row.name}.{n}", getattr(module, n)) for n in ("weight", "bias")]
    groups = {"num_groups": module.num_groups, "epsilon": module.eps}
    graph.node("GroupNormalization", row, [row.inputs[0], *weights], **groups)


def _zero_pad(graph: _Graph, row: Layer, module: ZeroPad) -> None:
    places = {"starts": [0, 0], "ends": [_TO_THE_END] * 2, "axes": [2, 3]}
    places["steps"] = [module.stride] * 2
    names = [graph.weight(f"{row.name}.{name}", value) for name, value in places.items()]
    graph.node("Slice", row, [row.inputs[0], *names], f"{row.name}.sampled")
    pads = graph.weight(f"{row.name}.pads", [0, module.before, 0, 0, 0, module.after, 0, 0])
    graph.node("Pad", row, [f"{row.name}.sampled", pads])


def _add(graph: _Graph, row: Layer, network: Any) -> None:
    branch, around = row.inputs
    scale = network.spec.shortcut_scale
    if not math.isclose(scale, 1):
        factor = graph.weight(f"{row.name}.lambda", scale)
        graph.node("Mul", row, [around, factor], f"{row.name}.shortcut")
        around = f"{row.name}.shortcut"
    graph.node("Add", row, [branch, around])


def _linear(graph: _Graph, row: Layer, module: Any) -> None:
    weights = [graph.weight(f"{row.name}.{n}", getattr(module, n)) for n in ("weight", "bias")]
    graph.node("Flatten", row, row.inputs, f"{row.name}.flat")
    graph.node("Gemm", row, [f"{row.name}.flat", *weights], "logits", transB=1)


def _silu(graph: _Graph, row: Layer, _: Any) -> None:
    """Write x sigmoid(x): ONNX has no such node at this version."""
    graph.node("Sigmoid", row, row.inputs, f"{row.name}.gate")
    graph.node("Mul", row, [row.inputs[0], f"{row.name}.gate"])


def _squeeze(graph: _Graph, row: Layer, module: Any) -> None:
    name = row.name
    graph.node("GlobalAveragePool", row, row.inputs, f"{name}.means")
    before = f"{name}.means"
    for number, gate in (("1", "Relu"), ("2", "Sigmoid")):
        layer = getattr(module, f"fc{number}")
        weights = [graph.weight(f"{name}.fc{number}.{n}", v) for n, v in layer.named_parameters()]
        graph.node("Conv", row, [before, *weights], f"{name}.fc{number}")
        before = f"{name}.{gate.lower()}"
        graph.node(gate, row, [f"{name}.fc{number}"], before)
    graph.node("Mul", row, [row.inputs[0], before])


def _neighbours(graph: _Graph, row: Layer, module: Any) -> None:
    name, channels = row.name, row.shape[0]
    graph.node("GlobalAveragePool", row, row.inputs, f"{name}.means")
    flat = graph.weight(f"{name}.flat_shape", [0, 1, channels])
    graph.node("Reshape", row, [f"{name}.means", flat], f"{name}.flat")
    weight = graph.weight(f"{name}.conv.weight", module.conv.weight)
    pads = [module.conv.padding[0]] * 2
    graph.node("Conv", row, [f"{name}.flat", weight], f"{name}.conv", pads=pads)
    graph.node("Sigmoid", row, [f"{name}.conv"], f"{name}.gate")
    square = graph.weight(f"{name}.gate_shape", [0, channels, 1, 1])
    graph.node("Reshape", row, [f"{name}.gate", square], f"{name}.weights")
    graph.node("Mul", row, [row.inputs[0], f"{name}.weights"])


def _zero_edge_pool(graph: _Graph, row: Layer, _: Any) -> None:
    """Pad with almost zero: onnxruntime merges zeros into the pool, which then ignores them."""
    pads = graph.weight(f"{row.name}.pads", [0, 0, 1, 1, 0, 0, 1, 1])
    zero = graph.weight(f"{row.name}.zero", _ALMOST_ZERO)
    graph.node("Pad", row, [row.inputs[0], pads, zero], f"{row.name}.padded")
    graph.node("MaxPool", row, [f"{row.name}.padded"], kernel_shape=[3, 3], strides=[2, 2])


def _by(kind: str, parameter: str) -> Callable[[_Graph, Layer, Any], None]:
    """A node that combines its input with one parameter."""

    def write(graph: _Graph, row: Layer, module: Any) -> None:
        weight = graph.weight(f"{row.name}.{parameter}", getattr(module, parameter))
        graph.node(kind, row, [row.inputs[0], weight])

    return write


def _simple(kind: str, **attributes: Any) -> Callable[[_Graph, Layer, Any], None]:
    """A node without weights."""
    return lambda graph, row, module: graph.node(kind, row, row.inputs, **attributes)


_WRITERS: Mapping[str, Callable[[_Graph, Layer, Any], None]] = {
    "Conv2d": _convolution,
    "SameConv2d": _convolution,
    "BatchNorm2d": _batch_norm,
    "GroupNorm": _group_norm,
    "ReLU": _simple("Relu"),
    "Tanh": _simple("Tanh"),
    "Sigmoid": _simple("Sigmoid"),
    "GELU": _simple("Gelu"),
    "SiLU": _silu,
    "ELU": _simple("Elu"),
    "Scale": _by("Mul", "weight"),
    "Shift": _by("Add", "bias"),
    "DropBranch": _simple("Identity"),
    "ZeroPad": _zero_pad,
    "Add": _add,
    "MaxPool2d": _simple("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "ZeroEdgeMaxPool2d": _zero_edge_pool,
    "AvgPool2d": _simple("AveragePool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    "SqueezeExcitation": _squeeze,
    "ChannelConvolution": _neighbours,
    "AdaptiveAvgPool2d": _simple("GlobalAveragePool"),
    "Linear": _linear,
}
