"""A spec is a value: derived properties, refused values, and a twin that differs in one field."""

import dataclasses
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_viz.core.errors import SpecError
from resnet_viz.spec import (
    PRESETS,
    RESIDUAL_PRESETS,
    Block,
    Kind,
    NetworkSpec,
    Shortcut,
    Stem,
    twin_name,
)
from resnet_viz.spec.plan import Way, plan
from tests.networks.specs import fields
from tests.networks.unchecked import unchecked

junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.lists(st.integers(-1, 9), max_size=4),
    st.sampled_from(["bottleneck", "none", "pre", "post", "batch", "group", "imagenet", "1x1"]),
)  # fmt: skip

DEPTHS = {
    "resnet20": 20, "resnet32": 32, "resnet44": 44, "resnet56": 56, "resnet110": 110,
    "resnet164": 164, "resnet1202": 1202, "preact-resnet18": 18, "wrn-28-10": 28, "wrn-40-4": 40,
    "resnet18": 18, "resnet34": 34, "resnet50": 50, "resnet101": 101, "resnet152": 152,
    "resnext50_32x4d": 50, "resnext101_32x8d": 101, "resnext101_64x4d": 101,
    "wide_resnet50_2": 50, "wide_resnet101_2": 101,
}  # fmt: skip


def test_the_table_has_every_depth_and_its_twin():
    assert set(RESIDUAL_PRESETS) == set(DEPTHS)
    assert set(PRESETS) == set(DEPTHS) | {twin_name(name) for name in DEPTHS}
    for name in DEPTHS:
        assert NetworkSpec.preset(twin_name(name)) == NetworkSpec.preset(name).plain()


@pytest.mark.parametrize(("name", "depth"), DEPTHS.items())
def test_depth_counts_weighted_layers(name, depth):
    for preset in (PRESETS[name], PRESETS[twin_name(name)]):
        assert preset.depth == depth
        if preset.counted is None:  # the source of the wide networks counts their projections
            assert preset.spec.depth == depth
        else:
            projections = sum(
                b.way is Way.PROJECTION for b in plan(RESIDUAL_PRESETS[name].spec).blocks
            )
            assert preset.spec.depth - 1 + projections == depth


@pytest.mark.parametrize(
    ("name", "millions"),
    [("resnet20", 0.27), ("resnet32", 0.46), ("resnet44", 0.66), ("resnet56", 0.85)],
)
def test_parameters_round_to_the_published_ones(name, millions):  # He 2015, table 6
    assert round(PRESETS[name].parameters / 1e6, 2) == millions


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_knows_its_own_name_and_kind(name):
    spec = NetworkSpec.preset(name)
    assert spec.name == name
    assert spec.kind is (Kind.PLAIN if "plain" in name else Kind.RESIDUAL)
    assert spec.family == ("cifar" if spec.input_size == 32 else "imagenet")


@given(fields=fields())
def test_twin_differs_only_in_its_shortcut(fields):
    spec = NetworkSpec(**fields)
    twin = spec.plain()
    differing = [
        f.name for f in dataclasses.fields(spec) if getattr(spec, f.name) != getattr(twin, f.name)
    ]
    assert differing == ([] if spec.shortcut is Shortcut.NONE else ["shortcut"])
    assert twin.kind is Kind.PLAIN
    assert twin.depth == spec.depth
    assert twin.plain() == twin


@given(fields=fields())
def test_a_spec_survives_json(fields):
    spec = NetworkSpec(**fields)
    again = NetworkSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    assert hash(again) == hash(spec)
    assert type(again.block) is Block


@given(fields=fields())
def test_blocks_are_named_by_stage_and_number(fields):
    spec = NetworkSpec(**fields)
    names = spec.blocks()
    assert len(names) == sum(spec.depths) == len(set(names))
    assert names[0] == "layer1.0"
    assert names[-1] == f"layer{len(spec.depths)}.{spec.depths[-1] - 1}"


def test_a_spec_is_frozen():
    spec = NetworkSpec.preset("resnet20")
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.classes = 5
    assert len({spec, NetworkSpec.preset("resnet20"), spec.plain()}) == 2


def test_text_becomes_a_closed_choice_at_the_edge():
    with unchecked():
        spec = NetworkSpec(
            block="bottleneck", depths=[1], widths=[8], shortcut="none", stem="cifar"
        )
    assert (spec.block, spec.shortcut, spec.stem) == (Block.BOTTLENECK, Shortcut.NONE, Stem.CIFAR)
    assert spec.depths == (1,)


BAD = {
    "block": ["basicblock", "", "BASIC"],
    "shortcut": ["identity", "A"],
    "padding": ["left", None],
    "shortcut_norm": ["no", None],
    "shortcut_input": ["x"],
    "bias": [1, "yes"],
    "shortcut_kernel": [2, 0, 9, None, "3"],
    "downsample": ["average", None],
    "attention": ["cbam", None],
    "attention_reduction": [0, None],
    "attention_least": [0, 1.5],
    "attention_bias": [None],
    "attention_kernel": [2, 65, "3"],
    "stem_inside": [(), (0, 1), 3, (1, 2, 3)],
    "stem_pool": ["avg", None],
    "last_norm": ["no"],
    "stride_in": [1, "second"],
    "stem": ["imagenet1k"],
    "depths": [(), (0, 1), (-1, 1), (1.5, 1), (True, 1), "11", 3, None, (1001, 1), ("1", 1)],
    "widths": [(), (0, 1), (8193, 1), [None, 1], {8, 16}],
    "input_size": [0, -32, 32.0, True, "32", None, 4097],
    "input_channels": [0, 65, 3.0, None],
    "classes": [0, -1, 100_001, "ten", False],
    "shortcut_scale": [-0.1, 1.1, "1", None, True, float("nan"), float("inf")],
    "stem_width": [0, 8193, 1.5, "16"],
    "order": ["full", None],
    "stride_on": ["2"],
    "edges": ["same"],
    "groups": [0, 1025, None],
    "width_per_group": [0, "4"],
    "norm": ["bn", None, 3],
    "activation": ["swish"],
    "initialisation": ["he"],
    "zero_last_gamma": [1, "yes", None],
    "stochastic_depth": [1.0, -0.1, float("nan")],
    "branch_scale": [-1, 11, "0", True],
    "fixup": [0, None],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD.items() for value in values]
)
def test_a_bad_field_is_one_sentence_that_names_it(field, value):
    with unchecked(), pytest.raises(SpecError) as caught:
        NetworkSpec(**({"depths": (1, 1), "widths": (4, 8)} | {field: value}))
    sentence = str(caught.value)
    assert field in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_stages_must_agree():
    with pytest.raises(SpecError, match="2 depths and 3 widths"):
        NetworkSpec(depths=(1, 1), widths=(4, 8, 16))


TOGETHER = {
    "groups": {"groups": 2},
    "width_per_group": {"width_per_group": 128},
    "zero_last_gamma": {"zero_last_gamma": True, "norm": "none"},
    "branch_scale": {"zero_last_gamma": True, "order": "pre"},
    "norm none": {"fixup": True},
    "order post": {"fixup": True, "norm": "none", "order": "pre"},
    "leave branch_scale empty": {"fixup": True, "norm": "none", "branch_scale": 0.0},
    "at least 16": {"block": "bottleneck", "width_per_group": 15},
    "9 stages": {"depths": (1,) * 9, "widths": (4,) * 9},
    "2001 blocks": {"depths": (1000, 1000, 1), "widths": (4, 4, 4)},
}


@pytest.mark.parametrize("wanted", TOGETHER)
def test_fields_that_exclude_each_other_are_one_sentence(wanted):
    with unchecked(), pytest.raises(SpecError) as caught:
        NetworkSpec(**({"depths": (1, 1), "widths": (4, 8)} | TOGETHER[wanted]))
    assert wanted in str(caught.value)
    assert str(caught.value).count(".") - str(caught.value).count(". ") <= 2


@settings(suppress_health_check=[HealthCheck.too_slow])  # text() builds its tables on first use
@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(NetworkSpec)]), junk))
def test_whatever_is_given_is_a_spec_or_a_named_error(values):
    try:
        spec = NetworkSpec.from_dict({"depths": [1], "widths": [64]} | values)
    except SpecError as refused:
        sentence = str(refused)
        ends, short = sentence.endswith("."), len(sentence) < 400
        assert (ends, short) == (True, True)
    else:
        assert NetworkSpec.from_dict(spec.to_dict()) == spec


def test_a_very_long_value_does_not_fill_the_sentence():
    with pytest.raises(SpecError) as caught:
        NetworkSpec(depths=(0,) * 10_000, widths=(4,))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("name", ["resnet5", "resnet65", "ResNet56", "restnet56", "plane56"])
def test_an_unknown_preset_lists_close_matches(name):
    with pytest.raises(SpecError) as caught:
        NetworkSpec.preset(name)
    assert name in str(caught.value)
    wanted = "plain56" if name == "plane56" else "resnet5"
    assert wanted in caught.value.values["known"]


def test_an_unknown_preset_like_nothing_lists_some_anyway():
    with pytest.raises(SpecError, match="resnet20"):
        NetworkSpec.preset("zzz")


def test_from_dict_refuses_unknown_and_missing_fields():
    values = NetworkSpec.preset("resnet20").to_dict()
    with pytest.raises(SpecError, match="colour"):
        NetworkSpec.from_dict(values | {"colour": 1})
    with pytest.raises(SpecError, match="depths, widths"):
        NetworkSpec.from_dict({"depths": (1,)})


def test_every_preset_names_its_source():
    for preset in PRESETS.values():
        assert re.search(r"(19|20)\d\d, (sec|table)", preset.source)
