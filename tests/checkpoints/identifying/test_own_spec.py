"""A checkpoint of a custom design, identified by the JSON of its spec."""

import json

import pytest
import torch

from resnet_viz import NetworkSpec, build
from resnet_viz.cli import app
from resnet_viz.core.errors import SpecError
from resnet_viz.networks.export.spec_file import parse_spec, spec_to_json

OWN = NetworkSpec.from_dict(
    {"depths": [1, 2], "widths": [8, 12], "norm": "group", "activation": "gelu"}
)


def test_the_command_takes_the_spec_of_a_design(tmp_path, capsys):
    torch.save(build(OWN, seed=0).state_dict(), tmp_path / "mine.pt")
    (tmp_path / "mine.json").write_text(spec_to_json(OWN))
    spec = str(tmp_path / "mine.json")
    command = ["diagnose", str(tmp_path / "mine.pt"), "--network", spec, "--json"]
    app(command, standalone_mode=False)
    identified = json.loads(capsys.readouterr().out)["identified"]
    assert identified["depth"] == OWN.depth
    assert identified["widths"] == [8, 12]
    assert identified["kind"] == "residual"


def test_a_name_or_json_tells_a_spec():
    assert parse_spec("") is None
    assert parse_spec("plain20") == NetworkSpec.preset("plain20")
    assert parse_spec(spec_to_json(OWN)) == OWN
    for wrong in ("resnet21", "{", '{"depths": [1]}'):
        with pytest.raises(SpecError):
            parse_spec(wrong)
