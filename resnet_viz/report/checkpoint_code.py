"""``checkpoint_code``: plain PyTorch that loads a weights file as it was identified.

About ten lines: read the file, take the weights out of their wrappers, put parts together, rename,
build, load, and the preprocessing. The network's class is torchvision's where it has the same one,
and otherwise the exported source.
"""

from dataclasses import replace

from resnet_viz.checkpoints.identifying.heads import HeadKind
from resnet_viz.checkpoints.identifying.identification import FileFacts, Identification
from resnet_viz.checkpoints.reading.file_kinds import Container
from resnet_viz.networks.export.source import class_name, source_code
from resnet_viz.networks.zoo.labels import TORCHVISION_WEIGHTS
from resnet_viz.pictures.preprocess import ChannelOrder, Preprocessing
from resnet_viz.records import FileCode
from resnet_viz.report.key_renames import rename_lines
from resnet_viz.report.merging_code import merging_lines
from resnet_viz.spec import Attention, NetworkSpec

_TORCH = (["import torch"], ['torch.load(file, map_location="cpu", weights_only=True)'])
_SAFETENSORS = (
    ["from safetensors.torch import load_file"],
    ["load_file(file)"],
)
#: What holds weights and no other entry beside them.
_PURE = (Container.SAFETENSORS, Container.SHARDS)
#: Imports and the expression that reads a file; of other containers the repaired file is read.
_READ = {
    Container.ZIP: _TORCH,
    Container.LEGACY: _TORCH,
    Container.SAFETENSORS: _SAFETENSORS,
    Container.SHARDS: (
        ["import json", "from pathlib import Path", *_SAFETENSORS[0]],
        [
            "{k: v for part in sorted(set(json.loads(Path(file).read_text())['weight_map']"
            ".values()))",
            "         for k, v in load_file(Path(file).parent / part).items()}",
        ],
    ),
    Container.ONNX: (
        ["import onnx", "import torch"],
        [
            "{t.name: torch.tensor(onnx.numpy_helper.to_array(t))",
            "         for t in onnx.load(file).graph.initializer}",
        ],
    ),
}


_OURS = "state = {k: state[k] for k in network.state_dict() if k in state}"


def checkpoint_code(identification: Identification, file: str) -> FileCode:
    """Return the code that loads a file as ``identification`` found it.

    Parameters
    ----------
    identification
        The network of the file.
    file
        Path of the file, as the code opens it.

    """
    facts, origin = identification.file, identification.file.origin
    readable = origin.container in _READ and origin.copy is not None and facts.has_statistics
    class_imports, build, source = _network(identification.spec)
    if not identification.kind_known:
        build += "  # or without shortcuts: the file does not tell plain from residual"
    lines = [build]
    if not _answers(facts):
        lines.append("network.fc = torch.nn.Identity()  # the outputs are the pooled features")
    preprocessing, transforms = _preprocessing(identification.preprocessing)
    if not readable:
        every = {"import torch", *_SAFETENSORS[0], *class_imports, *transforms}
        lines.append("state = load_file(file)")
        if not _answers(facts):
            lines.append(_OURS)
        lines += ["network.load_state_dict(state)", "network.eval()", *preprocessing]
        return FileCode(file, source, _sorted(every), tuple(lines), repaired=True)
    assert origin.container is not None
    imports, read = _READ[origin.container]
    path = "".join(f"[{key!r}]" for key in origin.path)
    lines = [
        *_joined("state = ", read, path),
        *_unwrapped(facts),
        *lines,
        *_loaded(identification),
        "network.eval()",
        *preprocessing,
    ]
    every = {"import torch", *imports, *class_imports, *transforms}
    return FileCode(file, source, _sorted(every), tuple(lines))


def _answers(facts: FileFacts) -> bool:
    return facts.head is None or facts.head.layer is not None


def _network(spec: NetworkSpec) -> tuple[list[str], str, str]:
    """Imports, the line that builds the network, and the source of its class."""
    for name in TORCHVISION_WEIGHTS:
        preset = NetworkSpec.preset(name)
        same = replace(
            preset,
            classes=spec.classes,
            input_size=spec.input_size,
            initialisation=spec.initialisation,
            zero_last_gamma=spec.zero_last_gamma,
        )
        if same == spec:
            build = f"network = {name}(num_classes={spec.classes})"
            return [f"from torchvision.models import {name}"], build, ""
    source = source_code(spec).partition("\n\n\nif __name__")[0]
    return [], f"network = {class_name(spec)}()", f"{source}\n"


def _joined(start: str, read: list[str], path: str) -> list[str]:
    first, *others = read
    *before, last = [start + first, *others]
    return [*before, last + path]


def _unwrapped(facts: FileFacts) -> list[str]:
    """Lines that take one copy, put parts together, and remove prefixes."""
    origin, lines = facts.origin, []
    if origin.copy:
        own = f"k.removeprefix({origin.copy!r}): v"
        lines += [f"state = {{{own} for k, v in state.items() if k.startswith({origin.copy!r})}}"]
    lines += merging_lines(facts.merged)
    if origin.prefixes:
        shorter = "".join(f".removeprefix({prefix!r})" for prefix in origin.prefixes)
        lines.append(f"state = {{k{shorter}: v for k, v in state.items()}}")
    return lines


def _loaded(identification: Identification) -> list[str]:
    """Lines that rename the tensors and load those of the network."""
    facts = identification.file
    own = [*identification.network.state_dict()]
    if not _answers(facts):
        own = [name for name in own if not name.startswith("fc.")]
    keys = facts.keys or {name: name for name in own if name in facts.names}
    alone = not (facts.merged or facts.copies or identification.training)
    lines = rename_lines(keys, [*facts.names, *([] if alone else [""])], own)
    if facts.head is not None and facts.head.kind is HeadKind.CONVOLUTION:
        lines.append('state["fc.weight"] = state["fc.weight"].flatten(1)')
    if identification.spec.attention is Attention.SE:
        lines += [
            "state = {k: v[:, :, None, None] if '.se.fc' in k and v.ndim == 2 else v",
            "         for k, v in state.items()}  # linear layers are 1x1 convolutions here",
        ]
    spare = set(facts.names) - set(keys.values())
    container = facts.origin.container
    inside = bool(facts.origin.path) or not identification.training or container in _PURE
    inside = inside and container is not Container.ONNX  # a graph has other tensors too
    if spare or facts.merged or not inside or (facts.copies and not facts.origin.path):
        lines.append(_OURS)
    if any(name in own for name in facts.absent):
        lines += [
            "new = {k: torch.zeros_like(v) if k.endswith('bias') else torch.ones_like(v)",
            "       for k, v in network.state_dict().items()}  # what the file lacks does nothing",
            "state = new | state",
        ]
    return [*lines, "network.load_state_dict(state)"]


def _preprocessing(preprocessing: Preprocessing) -> tuple[list[str], list[str]]:
    """The lines that define ``preprocess``, and their imports."""
    channels = len(preprocessing.mean)
    steps = [
        *(["transforms.Grayscale()"] if channels == 1 else []),
        f"transforms.Resize({preprocessing.resize})",
        f"transforms.CenterCrop({preprocessing.size})",
        "transforms.ToTensor()",
        f"transforms.Normalize({[*preprocessing.mean]!r}, {[*preprocessing.deviation]!r})",
    ]
    if preprocessing.order is ChannelOrder.BGR:
        steps.append("transforms.Lambda(lambda image: image.flip(0))")  # B, G, R
    lines = ["preprocess = transforms.Compose([", *(f"    {step}," for step in steps), "])"]
    return lines, ["from torchvision import transforms"]


def _sorted(imports: set[str]) -> tuple[str, ...]:
    return tuple(sorted(imports, key=lambda line: (not line.startswith("import"), line)))
