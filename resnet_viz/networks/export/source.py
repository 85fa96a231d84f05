"""A network as PyTorch source that stands alone: one file that needs only torch.

The classes have the state-dict keys of our own, so weights saved here load there unchanged.
"""

from textwrap import indent

from resnet_viz.networks.export.source_parts import (
    activate,
    convolution,
    helpers,
    norm_line,
    parts_used,
)
from resnet_viz.networks.tables.totals import totals
from resnet_viz.spec import Block, Initialisation, Kind, NetworkSpec, Order, Shortcut, StrideOn
from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP
from resnet_viz.spec.parts import Part, PartKind
from resnet_viz.spec.plan import BlockPlan, plan


def source_code(spec: NetworkSpec) -> str:
    """The file's text. Its network class is ``ResNet``, or ``PlainNet`` for a plain network."""
    imports = ["import math\n"] if spec.norm.value == "group" else []
    pieces = [
        _opening(spec),
        *helpers(spec),
        _block(spec),
        _stage(spec),
        _network(spec),
        _use(spec),
    ]
    head = "\n".join([pieces[0], *imports, "import torch\nfrom torch import nn"])
    return "\n\n\n".join([head, *pieces[1:]]) + "\n"


def class_name(spec: NetworkSpec) -> str:
    """What the network's class is called in its source."""
    return "ResNet" if spec.kind is Kind.RESIDUAL else "PlainNet"


def _opening(spec: NetworkSpec) -> str:
    found = totals(spec)
    return (
        f'"""{spec.name}: {found.parameters:,} parameters, {found.macs:,} multiply-accumulates.\n\n'
        f"Input (batch, {spec.input_channels}, {spec.input_size}, {spec.input_size}), "
        f'output (batch, {spec.classes}). Needs only torch.\n"""\n'
    )


def _channels(spec: NetworkSpec) -> list[str]:
    """What a block's channels are called, before the first convolution and behind each."""
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


def _block(spec: NetworkSpec) -> str:
    example = plan(spec).blocks[-1]
    arguments = "in_channels, width, stride" + (", chance" if example.drop else "")
    lines = [f"def __init__(self, {arguments}):", "    super().__init__()"]
    if spec.block is Block.BOTTLENECK:
        lines.append("    out_channels = 4 * width")
        if (inside := _inside(spec)) is not None:
            lines.append(f"    inside = {inside}")
    lines += [f"    {line}" for line in _modules(spec, example)]
    lines += ["", "def forward(self, x):"]
    lines += [f"    {line}" for line in _forward(spec, example)]
    return f'class Block(nn.Module):\n    """{_formula(spec)}"""\n\n' + indent(
        "\n".join(lines), "    "
    )


def _formula(spec: NetworkSpec) -> str:
    shown = {"relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "gelu": "gelu"}[spec.activation]
    scale = "" if spec.shortcut_scale == 1 else f"{spec.shortcut_scale:g} "
    inner = "F(x)" if spec.kind is Kind.PLAIN else f"F(x) + {scale}x"
    return f"y = {inner}." if spec.order is Order.PRE else f"y = {shown}({inner})."


def _modules(spec: NetworkSpec, block: BlockPlan) -> list[str]:
    """The lines of a block's constructor that make its modules."""
    names = _channels(spec)
    lines = []
    for part in block.branch:
        number = int("".join(c for c in part.name if c.isdigit()) or 0)
        match part.kind:
            case PartKind.CONVOLUTION:
                stride = "stride" if number == _strided(spec) else "1"
                made = convolution(part, names[number - 1], names[number], stride)
            case PartKind.NORM:
                made = norm_line(spec, names[number - (spec.order is Order.PRE)])
            case PartKind.SCALE:
                made = f"Scale({part.value:g})"
            case PartKind.SHIFT:
                made = "Shift()"
            case _:
                continue
        lines.append(f"self.{part.name} = {made}")
    if block.drop:
        lines.append("self.chance = chance")
    if spec.zero_last_gamma:
        last = f"bn{spec.block.convolutions}"
        lines.append(f"nn.init.zeros_(self.{last}.weight)  # each block starts as the identity")
    return lines + _shortcut_modules(spec, names[-1])


def _strided(spec: NetworkSpec) -> int:
    on_second = spec.block is Block.BOTTLENECK and spec.stride_on is StrideOn.CONV_3X3
    return 2 if on_second else 1


def _shortcut_modules(spec: NetworkSpec, out: str) -> list[str]:
    projection = f"nn.Conv2d(in_channels, {out}, 1, stride, bias=False)"
    made = f"nn.Sequential({projection})"
    if spec.order is Order.POST and spec.norm.value != "none":
        made = f"nn.Sequential(\n    {projection},\n    {norm_line(spec, out)},\n)"
    match spec.shortcut:
        case Shortcut.ZERO_PAD:
            return ["self.stride = stride"]
        case Shortcut.PROJECTION_ALL:
            return f"self.downsample = {made}".split("\n")
        case Shortcut.PROJECTION:
            body = indent(f"self.downsample = {made}", "    ").split("\n")
            return ["self.downsample = None", f"if stride != 1 or in_channels != {out}:", *body]
        case Shortcut.NONE:
            return []


def _forward(spec: NetworkSpec, block: BlockPlan) -> list[str]:
    source = "active" if spec.order is Order.PRE and "PROJECTION" in spec.shortcut.name else "out"
    lines = _flow(spec, block.branch, source, "out")
    if block.drop:
        lines.append("out = drop(out, self.chance, self.training)")
    around = "active" if source == "active" else "x"
    match spec.shortcut:
        case Shortcut.NONE:
            total = "out"
        case Shortcut.ZERO_PAD:
            total = f"out + {_scaled(spec, 'zero_pad(x, out.shape[1], self.stride)')}"
        case Shortcut.PROJECTION_ALL:
            total = f"out + {_scaled(spec, f'self.downsample({around})')}"
        case Shortcut.PROJECTION:
            lines.append(f"shortcut = x if self.downsample is None else self.downsample({around})")
            total = f"out + {_scaled(spec, 'shortcut')}"
    return [*lines, f"return {total if spec.order is Order.PRE else activate(spec, total)}"]


def _scaled(spec: NetworkSpec, value: str) -> str:
    return value if spec.shortcut_scale == 1 else f"{spec.shortcut_scale!r} * {value}"


def _flow(spec: NetworkSpec, parts: tuple[Part, ...], first: str, then: str) -> list[str]:
    """Calls nested up to the next activation: ``out = torch.relu(self.bn1(self.conv1(x)))``.

    The first result is called ``first``, the others ``then``.
    """
    lines: list[str] = []
    value = "x"
    for part in parts:
        match part.kind:
            case PartKind.DROP:
                continue
            case PartKind.ACTIVATION:
                target = then if lines else first
                lines.append(f"{target} = {activate(spec, value)}")
                value = target
            case _:
                value = f"self.{part.name}({value})"
    return lines if value in (first, then) else [*lines, f"{then} = {value}"]


def _stage(spec: NetworkSpec) -> str:
    out = "width" if spec.block is Block.BASIC else "4 * width"
    if plan(spec).blocks[-1].drop:
        return (
            "def stage(in_channels, width, stride, chances):\n"
            '    """A block for each chance to drop it; the first has the stride."""\n'
            "    first = Block(in_channels, width, stride, chances[0])\n"
            f"    others = (Block({out}, width, 1, chance) for chance in chances[1:])\n"
            "    return nn.Sequential(first, *others)"
        )
    return (
        "def stage(in_channels, width, stride, blocks):\n"
        '    """Blocks in a row, of which the first has the stride."""\n'
        "    first = Block(in_channels, width, stride)\n"
        f"    others = (Block({out}, width, 1) for _ in range(blocks - 1))\n"
        "    return nn.Sequential(first, *others)"
    )


def _network(spec: NetworkSpec) -> str:
    layout = plan(spec)
    channels = layout.stem[0].channels
    lines = [f"def __init__(self, classes={spec.classes}):", "    super().__init__()"]
    before = str(spec.input_channels)
    lines += [f"    {line}" for line in parts_used(spec, layout.stem, before)]
    total, done = sum(spec.depths), 0
    if layout.blocks[-1].drop:
        rule = f"[{spec.stochastic_depth!r} * (n + 1) / {total} for n in range({total})]"
        lines.append(f"    chances = {rule}")
    for number, (depth, width) in enumerate(zip(spec.depths, spec.widths, strict=True), 1):
        blocks = f"chances[{done}:{done + depth}]" if layout.blocks[-1].drop else f"blocks={depth}"
        stride = 2 if number > 1 else 1
        lines.append(
            f"    self.layer{number} = stage({channels}, {width}, stride={stride}, {blocks})"
            if not layout.blocks[-1].drop
            else f"    self.layer{number} = stage({channels}, {width}, {stride}, {blocks})"
        )
        channels, done = width * spec.block.expansion, done + depth
    lines += [f"    {line}" for line in parts_used(spec, layout.last, str(channels))]
    lines.append(f"    self.fc = nn.Linear({channels}, classes)")
    lines += [f"    {line}" for line in _initialisation(spec)]
    lines += ["", "def forward(self, x):"]
    stages = [f"x = self.layer{number}(x)" for number in range(1, len(spec.depths) + 1)]
    stem = tuple(p for p in layout.stem if p.kind is not PartKind.MAX_POOL)
    pool = (
        ["x = nn.functional.max_pool2d(x, 3, stride=2, padding=1)"] if stem != layout.stem else []
    )
    flow = [*_flow(spec, stem, "x", "x"), *pool, *stages, *_flow(spec, layout.last, "x", "x")]
    flow.append("x = nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)")
    flow.append("return self.fc(x)")
    body = indent("\n".join([*lines, *(f"    {line}" for line in flow)]), "    ")
    return f"class {class_name(spec)}(nn.Module):\n{body}"


def _initialisation(spec: NetworkSpec) -> list[str]:
    """The lines of the constructor that draw the first weights as the spec says."""
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
    drawn = rules.get(spec.initialisation, [])
    lines = ["for module in self.modules():", "    if isinstance(module, nn.Conv2d):"]
    lines = [*lines, *(f"        {line}" for line in drawn)] if drawn else []
    return lines + (_fixup(spec) if spec.fixup else [])


def _fixup(spec: NetworkSpec) -> list[str]:
    last = spec.block.convolutions
    power = f"{sum(spec.depths)} ** (-1 / {2 * last - 2})"
    scaled = [f"            module.conv{n}.weight *= {power}" for n in range(1, last)]
    return [
        "with torch.no_grad():  # Fixup: one step changes the network as much as at depth 1",
        "    for module in self.modules():",
        "        if isinstance(module, Block):",
        *scaled,
        f"            module.conv{last}.weight.zero_()",
        "    self.fc.weight.zero_()",
        "    self.fc.bias.zero_()",
    ]


def _use(spec: NetworkSpec) -> str:
    size = f"{spec.input_channels}, {spec.input_size}, {spec.input_size}"
    name = class_name(spec)
    return (
        'if __name__ == "__main__":\n'
        f"    network = {name}().eval()\n"
        '    # network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))\n'
        f"    print(network(torch.zeros(1, {size})).shape)"
    )
