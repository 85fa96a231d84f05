"""A real Ray cluster of two nodes on this machine, and one of them dies in the middle.

Ray binds the machine's own address, so the test shuts itself into a network of its own.
"""

import os
import shutil
import subprocess
import sys

import pytest

from resnet_viz.core.errors import RunError
from resnet_viz.jobs.queue import runs
from tests.source import ROOT

SWEEP = """
import os, time
from ray.cluster_utils import Cluster

memory = 120 * 2**20
cluster = Cluster(initialize_head=True, head_node_args={
    "num_cpus": 1, "object_store_memory": memory, "include_dashboard": False})
second = cluster.add_node(num_cpus=1, object_store_memory=memory)
os.environ["RESNET_VIZ_RAY_ADDRESS"] = cluster.address

from resnet_viz import NetworkSpec
from resnet_viz.jobs.queue import runs
from resnet_viz.training.config import TrainingConfig
from resnet_viz.records import Epoch
from resnet_viz.training.recipe import Recipe

spec = NetworkSpec(depths=(1, 1), widths=(8, 16), input_size=8, input_channels=1)
sweep = [
    runs.submit("train", TrainingConfig(network=s, pair=False, data="digits", recipe=Recipe(
        epochs=2, learning_rate=0.05, batch_size=8, images=400, seed=seed)),
        title=f"{s.kind} {seed}", device="ray")
    for seed in range(3) for s in (spec, spec.plain())
]
killed, deadline = False, time.monotonic() + 400
while True:
    states = [runs.poll(run).state.value for run in sweep]
    going = [run for run in sweep if runs.poll(run).records]
    if len(going) >= 2 and not killed:
        cluster.remove_node(second, allow_graceful=False)
        killed = True
    if not any(runs.poll(run).state.active for run in sweep):
        break
    assert time.monotonic() < deadline, states
    time.sleep(0.3)
assert killed
assert set(states) == {"done"}, (states, [str(runs.poll(run).error) for run in sweep])
for run in sweep:
    epochs = [e.epoch for e in runs.events(run, Epoch)]
    assert epochs == [1, 2], epochs
    assert list(runs.folder(run).glob("*.safetensors"))
print("every run finished")
"""


@pytest.mark.slow
@pytest.mark.skipif(
    os.name != "posix" or not all(map(shutil.which, ("unshare", "ip"))),
    reason="needs unshare and ip to shut a cluster into a network of its own",
)
def test_a_sweep_finishes_although_a_node_is_killed(tmp_path):
    pytest.importorskip("ray")
    script = tmp_path / "sweep.py"
    script.write_text(SWEEP)
    inside = f"ip link set lo up && exec {sys.executable} {script}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RESNET_VIZ_HOME": str(tmp_path / "home"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", inside],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=550, check=False,
    )  # fmt: skip
    log = tmp_path / "home" / "runs" / "worker.log"
    assert done.returncode == 0, done.stderr[-3000:] + (log.read_text() if log.exists() else "")
    assert "every run finished" in done.stdout


def test_a_cluster_that_nobody_named_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    monkeypatch.delenv("RESNET_VIZ_RAY_ADDRESS", raising=False)
    with pytest.raises(RunError, match=r"Ray"):
        runs.submit("train", None, title="x", device="ray")
    assert runs.listed() == []
