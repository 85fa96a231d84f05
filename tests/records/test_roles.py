"""Roles are determined in one place, from both specs."""

import doctest
from dataclasses import replace

import pytest

from resnet_viz.checkpoints.sources.bundled import bundled_network
from resnet_viz.checkpoints.sources.cut_shortcuts import lesion
from resnet_viz.networks.zoo.catalog import zoo_spec
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.probe.compare import compare
from resnet_viz.records import ANY_TWO, TWINS, Pair, Role, pair, role, role_alone, roles_of
from resnet_viz.spec import NetworkSpec

RESNET20, RESNET56 = (NetworkSpec.preset(name) for name in ("resnet20", "resnet56"))
ALEXNET, RESNET18 = zoo_spec("alexnet"), NetworkSpec.preset("resnet18")


def test_a_residual_network_and_its_own_plain_twin_are_twins():
    assert roles_of(Pair(RESNET20, RESNET20.plain())) == TWINS


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RESNET20, RESNET56),
        (RESNET20, RESNET56.plain()),
        (RESNET20, RESNET20),
        (RESNET20.plain(), RESNET20),
        (RESNET20.plain(), RESNET20.plain()),
        (RESNET20, replace(RESNET20.plain(), classes=5)),
        (ALEXNET, RESNET18),
        (RESNET18, ALEXNET),
    ],
)
def test_any_other_two_networks_are_first_and_second(first, second):
    assert roles_of(Pair(first, second)) == ANY_TWO


def test_a_network_by_itself_has_the_role_of_its_form():
    assert role_alone(RESNET20) is Role.RESIDUAL
    assert role_alone(RESNET20.plain()) is Role.PLAIN
    assert role_alone(ALEXNET) is Role.FIRST


def test_a_lesion_plays_the_plain_part():
    trained = bundled_network("resnet20")
    sides = compare(Pair(trained, lesion(trained)), sample_picture("cat")).sides
    assert sides.map(lambda side: side.role) == TWINS


@pytest.mark.parametrize("module", [pair, role])
def test_docstring_examples_run(module):
    assert doctest.testmod(module).attempted > 0
    assert doctest.testmod(module).failed == 0
