"""The graph of an ONNX file is run, and what the export changed is named."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from resnet_viz import diagnose
from resnet_viz.diagnosis.checks.onnx_graph import onnx_findings
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.networks.export.weights_files import to_onnx
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Severity, Tier
from resnet_viz.spec import Norm
from tests.checkpoints.identifying.test_wild import weights
from tests.report.test_checkpoint_code import SMALL


def graded(model, tmp_path, spec=SMALL):
    onnx.save(model, tmp_path / "w.onnx")
    found = identified(tmp_path / "w.onnx", spec)
    return {f.check: f for f in onnx_findings(found, str(tmp_path / "w.onnx"))}


@pytest.fixture
def model():
    return onnx.load_from_string(to_onnx(weights(SMALL)))


def test_a_right_export_agrees_with_its_weights(model, tmp_path):
    found = graded(model, tmp_path)
    assert set(found) == {"onnx_training", "onnx_differs"}
    assert {finding.severity for finding in found.values()} == {Severity.OK}
    assert found["onnx_differs"].value < 1e-4


def test_probabilities_and_a_fixed_batch_are_compared_too(model, tmp_path):
    graph = model.graph
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    graph.output[0].type.tensor_type.shape.dim[0].dim_value = 2
    graph.node.append(onnx.helper.make_node("Softmax", ["logits"], ["shares"]))
    graph.output[0].name = "shares"
    assert graded(model, tmp_path)["onnx_differs"].severity is Severity.OK


def test_an_export_in_training_mode_is_named(model, tmp_path):
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            node.attribute.append(onnx.helper.make_attribute("training_mode", 1))
            node.output.extend([f"{node.name or node.output[0]}.mean", f"{node.output[0]}.var"])
    found = graded(model, tmp_path)
    assert found["onnx_training"].severity is Severity.FAIL
    assert found["onnx_training"].value == 5


def test_the_graph_of_a_network_that_is_not_built_is_looked_at_too(model, tmp_path):
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            node.attribute.append(onnx.helper.make_attribute("training_mode", 1))
    gain = onnx.numpy_helper.from_array(np.ones(8, np.float32), "layer1.0.gain")
    model.graph.initializer.append(gain)
    onnx.save(model, tmp_path / "w.onnx")
    report = diagnose(tmp_path / "w.onnx")
    assert report.identified.tier is Tier.WEIGHTS
    found = {finding.check: finding.severity for finding in report.every_finding()}
    assert found["onnx_training"] is Severity.FAIL
    assert "onnx_differs" not in found


def test_another_function_is_named(model, tmp_path):
    for node in model.graph.node:
        if node.op_type == "Relu":
            node.op_type = "Sigmoid"
    assert graded(model, tmp_path)["onnx_differs"].severity is Severity.FAIL


def test_folded_norms_are_named(tmp_path):
    spec = replace(SMALL, norm=Norm.NONE, bias=True)
    model = onnx.load_from_string(to_onnx(build(spec, seed=0).eval()))
    found = graded(model, tmp_path, spec)
    assert found["onnx_folded"].severity is Severity.NOTE
    assert found["onnx_differs"].severity is Severity.OK


@pytest.mark.parametrize("wrong", ["Loop", "other.domain", "two inputs"])
def test_what_is_not_run_says_why(wrong, model, tmp_path, monkeypatch):
    node = model.graph.node[1]
    if wrong == "Loop":
        node.op_type = "Loop"
    elif wrong == "two inputs":
        extra = onnx.helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1])
        model.graph.input.append(extra)
    else:
        node.domain = wrong
    assert graded(model, tmp_path)["onnx_not_run"].severity is Severity.NOTE


def test_other_files_have_no_graph():
    assert not list(onnx_findings(identified(weights(SMALL)), ""))
