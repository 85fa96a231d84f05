"""Every part of a candidate's label has words."""

from types import SimpleNamespace

import pytest

from resnet_viz.checkpoints.identifying.spec_labels import label
from resnet_viz.core.text import sentences
from resnet_viz.spec import NetworkSpec, choices

FIELDS = {
    "order": choices.Order, "shortcut": choices.Shortcut, "padding": choices.Padding,
    "stride_on": choices.StrideOn, "shortcut_input": choices.ShortcutInput,
    "downsample": choices.Downsample, "stem_pool": choices.StemPool,
    "attention": choices.Attention, "stem": choices.Stem, "stride_in": choices.StrideIn,
    "edges": choices.Edges, "activation": choices.Activation, "norm": choices.Norm,
}  # fmt: skip
IDENTIFIED = ("relu", "silu", "gelu", "elu")  # activations that are tried
USUAL = NetworkSpec(depths=(1,), widths=(4,))


@pytest.mark.parametrize("field", [*FIELDS, "last_norm", "shortcut_norm"])
def test_every_part_of_a_label_has_words(field):
    usual = {name: getattr(USUAL, name) for name in dir(USUAL) if not name.startswith("_")}
    for value in FIELDS.get(field, (True, False)):
        if field == "activation" and value not in IDENTIFIED:
            continue
        for part in label(SimpleNamespace(**{**usual, field: value})).split("+"):
            for language in ("en", "zh"):
                assert f"topologies.{part}" in sentences(language)
