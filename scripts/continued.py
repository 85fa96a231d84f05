"""Bundle a pair whose training was continued, with its whole history.

    python -m resnet_viz train --network resnet56 --start bundled --epochs 4 --learning-rate 0.1
    python -m scripts.continued RUN_FOLDER

RUN_FOLDER is in ``runs`` of ``RESNET_VIZ_HOME``. Epochs and steps are numbered consecutively.
``training`` of the new files describes the last part, and its field ``before`` the earlier ones.
"""

import json
import sys
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file

from resnet_viz.core.places import ASSETS
from resnet_viz.core.saving import to_json
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.run_files import recording


def main(folder: Path) -> None:
    """Write both weight files and the recording anew."""
    run = recording(folder)
    names = {kind: NetworkSpec.from_dict(spec).name for kind, spec in run["specs"].items()}
    path = ASSETS / "recordings" / f"{names['residual']}.json"
    earlier: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    done = len(earlier["curves"]["residual"])
    training = {**run["training"], "before": earlier["training"]}
    curves = {
        kind: [*curve, *({**row, "epoch": row["epoch"] + done} for row in run["curves"][kind])]
        for kind, curve in earlier["curves"].items()
    }
    for kind, name in names.items():
        with safe_open(folder / f"{kind}.safetensors", "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = file.metadata()
        metadata |= {"training": json.dumps(training), "curve": json.dumps(curves[kind])}
        target = ASSETS / "checkpoints" / f"{name}.safetensors"
        save_file(tensors, target, metadata=metadata)
        target.chmod(0o644)  # safetensors creates files that only the owner can read
    first = done * earlier["steps_per_epoch"]
    steps = [*earlier["steps"], *({**s, "step": s["step"] + first} for s in run["steps"])]
    document = {**earlier, "training": training, "curves": curves, "steps": steps}
    path.write_text(to_json(document, indent=None) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
