"""A network as standalone PyTorch source: one file that needs only torch.

The state-dict keys are the same as here, so saved weights load there unchanged.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined

from resnet_viz.networks.export.source_lines import (
    activate,
    call_lines,
    convolution,
    module_lines,
    norm_line,
)
from resnet_viz.networks.tables.totals import totals
from resnet_viz.spec import (
    Attention,
    Block,
    Downsample,
    Initialisation,
    Kind,
    NetworkSpec,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    StrideIn,
    StrideOn,
)
from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP
from resnet_viz.spec.layer_names import stage_name
from resnet_viz.spec.parts import Convolution, PartKind, convolution_part
from resnet_viz.spec.plan import BlockPlan, plan

# Escaping is off: the output is Python, and a spec holds numbers and closed choices alone.
_TEMPLATES = Environment(
    loader=PackageLoader("resnet_viz.networks.export"),
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


#: Where option A's zero channels go: words, and their numbers before and behind.
_ZEROS = {
    Padding.SPLIT: ("on both sides", "missing // 2", "missing - missing // 2"),
    Padding.BEHIND: ("behind the others", "0", "missing"),
    Padding.BEFORE: ("before the others", "missing", "0"),
}


def source_code(spec: NetworkSpec) -> str:
    """The file's text. Its network class is ``ResNet``, or ``PlainNet`` for a plain network."""
    layout = plan(spec)
    block = layout.blocks[-1]
    pools = (PartKind.MAX_POOL, PartKind.MAX_POOL_ZEROS)
    stem = tuple(part for part in layout.stem if part.kind not in pools)
    return _TEMPLATES.get_template("network.py.jinja").render(
        spec=spec,
        class_name=class_name(spec),
        totals=totals(spec),
        needs_math=spec.norm is Norm.GROUP or _chooses_kernel(spec),
        image_shape=f"{spec.input_channels}, {spec.input_size}, {spec.input_size}",
        zeros=_ZEROS[spec.padding],
        part_kinds=_kinds(block),
        averages=spec.downsample is Downsample.AVG and bool(spec.shortcut.projects),
        drops=bool(block.drop),
        block=_block(spec, block),
        block_count=len(layout.blocks),
        stages=_stages(spec, bool(block.drop)),
        stem={
            "modules": module_lines(spec, layout.stem, str(spec.input_channels)),
            "flow": call_lines(spec, stem, "x", "x"),
        },
        last={
            "modules": module_lines(spec, layout.last, str(layout.out_channels)),
            "flow": call_lines(spec, layout.last, "x", "x"),
        },
        head_channels=layout.out_channels,
        first_weights=_first_weights(spec),
    )


def _kinds(block: BlockPlan) -> set[PartKind]:
    return {part.kind for part in block.branch}


def _chooses_kernel(spec: NetworkSpec) -> bool:
    """Whether the kernel of ECA depends on the number of channels."""
    return spec.attention is Attention.ECA and spec.attention_kernel is None


def class_name(spec: NetworkSpec) -> str:
    """What the network's class is called in its source."""
    return "ResNet" if spec.kind is Kind.RESIDUAL else "PlainNet"


def _block(spec: NetworkSpec, block: BlockPlan) -> dict[str, object]:
    """The lines and expressions of a block for the template."""
    channels = _channels(spec)
    names = {
        kind: [part.name for part in block.branch if part.kind is kind]
        for kind in (PartKind.CONVOLUTION, PartKind.NORM)
    }
    activated = spec.order is Order.PRE and spec.shortcut_input is ShortcutInput.ACTIVATED
    shortcut_reads = "active" if activated and spec.shortcut.projects else "x"
    first = "active" if shortcut_reads == "active" else "out"
    return {
        "formula": _formula(spec),
        "inside": _inside(spec),
        "out_channels": channels[-1],
        "stage_channels": "width" if spec.block is Block.BASIC else "4 * width",
        "modules": _modules(spec, block, channels),
        "convolutions": names[PartKind.CONVOLUTION],
        "last_norm": names[PartKind.NORM][-1] if names[PartKind.NORM] else None,
        "projection": _projection(spec, channels[-1]),
        "flow": call_lines(spec, block.branch, first, "out"),
        "shortcut_reads": shortcut_reads,
        "output": _output(spec, shortcut_reads),
    }


def _channels(spec: NetworkSpec) -> list[str]:
    """Names of a block's channel counts: before the first convolution and after each one."""
    if spec.block is Block.BASIC:
        return ["in_channels", "width", "width"]
    inside = "width" if _inside(spec) is None else "inside"
    return ["in_channels", inside, inside, "out_channels"]


def _inside(spec: NetworkSpec) -> str | None:
    """The width of a bottleneck's 3x3 convolution, where it is not the stage's."""
    per_group, usual = spec.width_per_group, USUAL_WIDTH_PER_GROUP
    if per_group == usual:
        return None if spec.groups == 1 else f"width * {spec.groups}"
    width = f"width * {per_group // usual}" if per_group % usual == 0 else ""
    width = width or f"width * {per_group} // {usual}"
    return width if spec.groups == 1 else f"{width} * {spec.groups}"


def _formula(spec: NetworkSpec) -> str:
    scale = "" if spec.shortcut_scale == 1 else f"{spec.shortcut_scale:g} "
    inner = "F(x)" if spec.kind is Kind.PLAIN else f"F(x) + {scale}x"
    return f"y = {inner}." if spec.order is Order.PRE else f"y = {spec.activation}({inner})."


def _modules(spec: NetworkSpec, block: BlockPlan, channels: list[str]) -> list[str]:
    """The lines of a block's constructor that make the modules of its branch."""
    on_second = spec.block is Block.BOTTLENECK and spec.stride_on is StrideOn.CONV_3X3
    lines = []
    done = 0  # convolutions
    for part in block.branch:
        match part.kind:
            case PartKind.CONVOLUTION:
                stride = "stride" if done == int(on_second) else "1"
                module = convolution(spec, part, channels[done], channels[done + 1], stride)
                done += 1
            case PartKind.NORM:
                module = norm_line(spec, channels[done])
            case PartKind.SCALE:
                module = f"Scale({part.value:g})"
            case PartKind.SHIFT:
                module = "Shift()"
            case PartKind.SQUEEZE:
                inside = f"{channels[-1]} // {spec.attention_reduction}"
                module = f"SqueezeExcitation({channels[-1]}, max({spec.attention_least}, {inside}))"
            case PartKind.NEIGHBOURS:
                adaptive = f"max(3, int((math.log2({channels[-1]}) + 1) / 2) | 1)"
                module = f"ChannelConvolution({spec.attention_kernel or adaptive})"
            case _:
                continue
        lines.append(f"self.{part.name} = {module}")
    return lines


def _projection(spec: NetworkSpec, out: str) -> str:
    """The expression of a projection; more than one module is one on each line."""
    pooled = spec.downsample is Downsample.AVG
    part = convolution_part("", Convolution(spec.shortcut_kernel, 2, 1, 1, bias=spec.bias))
    stride = "1" if pooled else "stride"
    modules = ["mean_pool(stride)"] if pooled else []
    modules += [convolution(spec, part, "in_channels", out, stride)]
    if spec.order is Order.PRE or spec.norm is Norm.NONE or not spec.shortcut_norm:
        if len(modules) == 1:
            return f"nn.Sequential({modules[0]})"
    else:
        modules.append(norm_line(spec, out))
    lines = "".join(f"    {module},\n" for module in modules)
    return f"nn.Sequential(\n{lines})"


def _output(spec: NetworkSpec, shortcut_reads: str) -> str:
    """The expression of a block's output from ``out``, its branch's."""
    shortcut = {
        Shortcut.NONE: "",
        Shortcut.ZERO_PAD: "zero_pad(x, out.shape[1], self.stride)",
        Shortcut.PROJECTION_ALL: f"self.downsample({shortcut_reads})",
        Shortcut.PROJECTION: "shortcut",
    }[spec.shortcut]
    scale = "" if spec.shortcut_scale == 1 else f"{spec.shortcut_scale!r} * "
    total = f"out + {scale}{shortcut}" if shortcut else "out"
    return total if spec.order is Order.PRE else activate(spec, total)


def _stages(spec: NetworkSpec, drops: bool) -> list[dict[str, object]]:
    """Name, channels and the other arguments of each stage."""
    blocks = plan(spec).blocks
    first_block = 0
    stages = []
    for number, (depth, width) in enumerate(zip(spec.depths, spec.widths, strict=True), 1):
        last = spec.stride_in is StrideIn.LAST
        stride = blocks[first_block + (depth - 1 if last else 0)].stride
        chances = f"chances[{first_block}:{first_block + depth}]"
        stages.append(
            {
                "name": stage_name(number),
                "in_channels": blocks[first_block].in_channels,
                "width": width,
                "arguments": f"{stride}, {chances}" if drops else f"{stride=}, blocks={depth}",
            }
        )
        first_block += depth
    return stages


def _first_weights(spec: NetworkSpec) -> list[str]:
    """The lines that initialise the weights of a convolution by the spec's rule."""
    rules = {
        Initialisation.HE_FAN_OUT: [
            'nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")'
        ],
        Initialisation.HE_FAN_IN: [
            'nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")'
        ],
        Initialisation.XAVIER: ["nn.init.xavier_normal_(module.weight)"],
    }
    if spec.groups > 1:
        fan_out = "fan_out = module.weight[:, 0].numel() // module.groups"
        rules[Initialisation.HE_FAN_OUT] = [
            fan_out,
            "nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)",
        ]
        rules[Initialisation.XAVIER] = [
            "fan_in = module.weight[0].numel()",
            fan_out,
            "nn.init.normal_(module.weight, std=(2 / (fan_in + fan_out)) ** 0.5)",
        ]
    return rules.get(spec.initialisation, [])
