"""Specs for tests: valid ones of every kind, small enough to run."""

from hypothesis import strategies as st

from resnet_viz.spec import (
    Activation,
    Attention,
    Block,
    Downsample,
    Edges,
    Initialisation,
    NetworkSpec,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
    StrideOn,
)


@st.composite
def fields(draw, most_width=9, most_depth=3):
    """The fields of any valid spec."""
    stages = draw(st.lists(
        st.tuples(st.integers(1, most_depth), st.integers(1, most_width)), min_size=1, max_size=3,
    ))  # fmt: skip
    depths, widths = zip(*stages, strict=True)
    block = draw(st.sampled_from(Block))
    order = draw(st.sampled_from(Order))
    norm = draw(st.sampled_from(Norm))
    fixup = norm is Norm.NONE and order is Order.POST and draw(st.booleans())
    bottleneck = block is Block.BOTTLENECK
    return {
        "block": block,
        "depths": depths,
        "widths": widths,
        "shortcut": draw(st.sampled_from(Shortcut)),
        "padding": draw(st.sampled_from(Padding)),
        "shortcut_norm": draw(st.booleans()),
        "shortcut_input": draw(st.sampled_from(ShortcutInput)),
        "shortcut_kernel": draw(st.sampled_from([1, 3])),
        "downsample": draw(st.sampled_from(Downsample)),
        "attention": draw(st.sampled_from(Attention)),
        "attention_reduction": draw(st.sampled_from([2, 16])),
        "attention_least": draw(st.sampled_from([1, 2])),
        "attention_bias": draw(st.booleans()),
        "attention_kernel": draw(st.sampled_from([None, 5])),
        "bias": draw(st.booleans()),
        "shortcut_scale": draw(st.sampled_from([1.0, 0.5, 0.0])),
        "stem": draw(st.sampled_from(Stem)),
        "stem_width": draw(st.sampled_from([None, 3])),
        "stem_inside": draw(st.sampled_from([None, (2, 3)])),
        "stem_pool": draw(st.sampled_from(StemPool)),
        "order": order,
        "last_norm": draw(st.booleans()),
        "stride_in": draw(st.sampled_from(StrideIn)),
        "stride_on": draw(st.sampled_from(StrideOn)),
        "edges": draw(st.sampled_from(Edges)),
        "groups": draw(st.sampled_from([1, 2, 3])) if bottleneck else 1,
        "width_per_group": draw(st.sampled_from([64, 96, 128])) if bottleneck else 64,
        "norm": norm,
        "activation": draw(st.sampled_from(Activation)),
        "initialisation": draw(st.sampled_from(Initialisation)),
        "zero_last_gamma": norm is not Norm.NONE and order is Order.POST and draw(st.booleans()),
        "stochastic_depth": draw(st.sampled_from([0.0, 0.3])),
        "branch_scale": None if fixup else draw(st.sampled_from([None, 0.0, 0.1])),
        "fixup": fixup,
        "input_size": draw(st.integers(2, 33)),
        "input_channels": draw(st.integers(1, 4)),
        "classes": draw(st.integers(1, 5)),
    }


#: Twelve and more designs that differ in what a spec can say, by name.
DESIGNS = {
    "basic A": NetworkSpec(depths=(2, 1), widths=(4, 8), input_size=16),
    "basic plain": NetworkSpec(
        depths=(2, 1), widths=(4, 8), shortcut=Shortcut.NONE, input_size=16
    ),
    "basic B": NetworkSpec(
        depths=(1, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION, input_size=16
    ),
    "basic C": NetworkSpec(
        depths=(2, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION_ALL, input_size=16
    ),
    "zeros behind, edges behind": NetworkSpec(
        depths=(1, 1), widths=(4, 9), padding=Padding.BEHIND, edges=Edges.BEHIND, input_size=17
    ),
    "zeros before, silu": NetworkSpec(
        depths=(1, 1), widths=(4, 9), padding=Padding.BEFORE, activation=Activation.SILU,
        input_size=16,
    ),
    "biases, bare projections": NetworkSpec(
        depths=(1, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION, shortcut_norm=False,
        bias=True, input_size=16,
    ),
    "raw pre-activation, elu": NetworkSpec(
        depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION, order=Order.PRE,
        shortcut_input=ShortcutInput.RAW, bias=True, activation=Activation.ELU, input_size=16,
    ),
    "imagenet bottleneck": NetworkSpec(
        block=Block.BOTTLENECK, depths=(2, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION,
        stem=Stem.IMAGENET, input_size=48, classes=7,
    ),
    "stride on 1x1": NetworkSpec(
        block=Block.BOTTLENECK, depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION,
        stride_on=StrideOn.CONV_1X1, input_size=16,
    ),
    "resnext": NetworkSpec(
        block=Block.BOTTLENECK, depths=(1, 1), widths=(8, 16), shortcut=Shortcut.PROJECTION,
        groups=4, width_per_group=16, stem=Stem.IMAGENET, input_size=32,
    ),
    "wide pre-activation": NetworkSpec(
        depths=(2, 1), widths=(8, 16), shortcut=Shortcut.PROJECTION, stem_width=4,
        order=Order.PRE, input_size=16,
    ),
    "pre-activation A": NetworkSpec(depths=(2, 2), widths=(4, 8), order=Order.PRE, input_size=16),
    "deep stem, means before projections": NetworkSpec(
        block=Block.BOTTLENECK, depths=(2, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION,
        stem=Stem.DEEP, stem_width=6, downsample=Downsample.AVG, input_size=33,
    ),
    "tiered stem, pre-activation": NetworkSpec(
        depths=(1, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION, order=Order.PRE,
        stem=Stem.DEEP, stem_inside=(3, 2), downsample=Downsample.AVG, input_size=32,
    ),
    "se": NetworkSpec(
        block=Block.BOTTLENECK, depths=(1, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION,
        attention=Attention.SE, stem_pool=StemPool.MAX, input_size=16,
    ),
    "se without biases": NetworkSpec(
        depths=(1, 1), widths=(4, 8), attention=Attention.SE, attention_reduction=2,
        attention_bias=False, input_size=16,
    ),
    "eca, 3x3 shortcuts": NetworkSpec(
        depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION, shortcut_kernel=3,
        attention=Attention.ECA, input_size=16,
    ),
    "eca of five, edges behind": NetworkSpec(
        depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION, shortcut_kernel=3,
        attention=Attention.ECA, attention_kernel=5, edges=Edges.BEHIND, input_size=15,
    ),
    "stride in the last block": NetworkSpec(
        block=Block.BOTTLENECK, depths=(2, 1, 2), widths=(4, 8, 8), shortcut=Shortcut.PROJECTION,
        order=Order.PRE, stem=Stem.IMAGENET, stem_pool=StemPool.MAX_ZEROS, bias=True,
        stride_in=StrideIn.LAST, input_size=48,
    ),
    "no pool, no last norm": NetworkSpec(
        depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION, order=Order.PRE,
        stem=Stem.IMAGENET, stem_pool=StemPool.NONE, last_norm=False, stride_in=StrideIn.LAST,
        stochastic_depth=0.4, input_size=16,
    ),
    "group norm, gelu": NetworkSpec(
        depths=(1, 1), widths=(8, 16), norm=Norm.GROUP, activation=Activation.GELU, input_size=16
    ),
    "layer norm, tanh": NetworkSpec(
        depths=(1, 1), widths=(4, 8), norm=Norm.LAYER, activation=Activation.TANH, input_size=16,
        input_channels=1,
    ),
    "no norm, sigmoid": NetworkSpec(
        depths=(1, 1), widths=(4, 8), norm=Norm.NONE, activation=Activation.SIGMOID, input_size=16
    ),
    "fixup": NetworkSpec(
        depths=(2, 1), widths=(4, 8), norm=Norm.NONE, fixup=True, input_size=16
    ),
    "skipinit": NetworkSpec(
        depths=(2, 1), widths=(4, 8), norm=Norm.NONE, branch_scale=0.3, input_size=16
    ),
    "weak shortcut": NetworkSpec(
        depths=(2, 1), widths=(4, 8), shortcut_scale=0.5, input_size=16
    ),
    "stochastic depth": NetworkSpec(
        block=Block.BOTTLENECK, depths=(2, 1), widths=(4, 8), stochastic_depth=0.4, input_size=16
    ),
}  # fmt: skip
