"""Bundle trained twins with what they reach, and with the recording of their training.

    python -m resnet_viz train --network resnet32 --recipe short --out FOLDER
    python -m scripts.bundle_twins FOLDER...
    python -m scripts.bundle_twins --again resnet20...

Each network is tested on all test images of CIFAR-10, as it was trained and with its weights in
half precision, which are bundled if that costs less than 0.1 points. Everything that shows trained
networks finds them by their files. ``--again`` tests bundled pairs and leaves their weights alone.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor

from resnet_viz import Pair
from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.file_metadata import file_metadata
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.places import ASSETS
from resnet_viz.core.saving import to_json, whole_file
from resnet_viz.datasets.dataset import ImageSet
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.networks.safetensors_bytes import safetensors_bytes
from resnet_viz.records import TWINS, differences, footing_of
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.presets import PRESETS
from resnet_viz.training.evaluate import evaluate
from resnet_viz.training.recipe import RECIPES
from resnet_viz.training.run_files import recording

_MOST_COST = 0.1  # percentage points of accuracy that half precision may cost
_MOST_BYTES = 30_000_000  # of all bundled weights


@dataclass(frozen=True, eq=False)
class Bundled:
    """A network's file as it is bundled."""

    name: str
    tensors: Mapping[str, Tensor]
    metadata: JsonObject

    def write(self, folder: Path) -> None:
        """Write the file whole or not at all."""
        with whole_file(folder / f"{self.name}.safetensors") as partial:
            partial.write_bytes(safetensors_bytes(self.tensors, self.metadata))

    @property
    def nbytes(self) -> int:
        """Size of the weights."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors.values())


def bundled(path: Path, test: ImageSet, *, leave: bool = False) -> Bundled:
    """Test a network, choose the precision of its weights, and describe both.

    Parameters
    ----------
    path
        A weights file of ``train``.
    test
        The test images.
    leave
        Whether the weights stay as they are.

    """
    weights, loaded = read_weights(path), load_checkpoint(path)
    name = loaded.network.spec.name
    if name not in PRESETS:
        raise SystemExit(f"{path}: only networks with a name are bundled, this is {name}.")
    as_trained = evaluate(loaded.network, test, loaded.preprocessing).error
    halved = {key: _half(tensor) for key, tensor in weights.tensors.items()}
    in_half = _error_with(loaded, halved, test)
    cost = 100 * (in_half - as_trained)
    print(f"{name}: test error {100 * as_trained:.2f} %, in float16 {100 * in_half:.2f} %, "
          f"which costs {cost:+.2f} points")  # fmt: skip
    use_half = cost < _MOST_COST and not leave
    tensors = halved if use_half else weights.tensors
    last = weights.metadata["curve"][-1]
    footing = {
        **_told(weights.metadata),
        "train_error": last["train_error"],
        "test_error": in_half if use_half else as_trained,
        "test_images": len(test),
        "weights": str(next(iter(tensors.values())).dtype).removeprefix("torch."),
        "float16_costs_points": cost,
    }
    metadata = {**weights.metadata, "footing": footing}
    if footing_of(metadata) is None:
        raise SystemExit(f"{path}: the file does not say how it was trained.")
    return Bundled(name, tensors, metadata)


def _half(tensor: Tensor) -> Tensor:
    return tensor.half().contiguous() if tensor.is_floating_point() else tensor.contiguous()


def _error_with(loaded: LoadedNetwork, tensors: Mapping[str, Tensor], test: ImageSet) -> float:
    loaded.network.load_state_dict({key: tensor.float() if tensor.is_floating_point() else tensor
                                    for key, tensor in tensors.items()})  # fmt: skip
    finite = all(bool(value.isfinite().all()) for value in loaded.network.state_dict().values())
    return evaluate(loaded.network, test, loaded.preprocessing).error if finite else 1.0


def _told(metadata: JsonObject) -> JsonObject:
    """Return what the training says about itself, in one place and in few words."""
    training, recipe = metadata["training"], metadata["training"]["recipe"]
    return {
        "data": training["data"],
        "epochs": len(metadata["curve"]),
        "recipe": _recipe_name(recipe) if "before" not in training else "own",
        "seed": recipe["seed"],
        "precision": recipe.get("precision", "fp32"),
        "device": training["device"],
    }


def _recipe_name(recipe: JsonObject) -> str:
    """Return the named recipe of which this one has all values but those that are told apart."""
    apart = ("epochs", "seed", "precision", "augmentation", "shift", "threads")
    for name, known in RECIPES.items():
        values = encode(known)
        if all(values.get(key) == value for key, value in recipe.items() if key not in apart):
            return name
    return "own"


def bundle(folder: Path, assets: Path, test: ImageSet) -> Pair[Bundled]:
    """Write the weights of a pair to ``assets`` and the recording of its training."""
    files = TWINS.map(lambda role: folder / f"{role}.safetensors")
    specs = files.map(lambda path: NetworkSpec.from_dict(file_metadata(path)["spec"]))
    if specs.first.plain() != specs.second:
        raise SystemExit(f"{folder}: {specs.first.name} and {specs.second.name} are no twins.")
    pair = files.map(lambda path: bundled(path, test))
    _check(pair, assets / "checkpoints")
    document = to_json(recording(folder), indent=None) + "\n"
    for network in pair:
        network.write(assets / "checkpoints")
    with whole_file(assets / "recordings" / f"{pair.first.name}.json") as partial:
        partial.write_text(document, encoding="utf-8")
    return pair


def _check(pair: Pair[Bundled], folder: Path) -> None:
    """Refuse twins that were not trained alike, and weights that make the bundle too large."""
    footings = [footing_of(network.metadata) for network in pair]
    unequal = differences([footing for footing in footings if footing is not None])
    if unequal:
        raise SystemExit(f"{pair.first.name} and {pair.second.name} differ in {unequal}.")
    others = [path for path in folder.glob("*.safetensors")
              if path.stem not in {network.name for network in pair}]  # fmt: skip
    size = sum(path.stat().st_size for path in others) + sum(network.nbytes for network in pair)
    if size > _MOST_BYTES:
        raise SystemExit(f"{size / 1e6:.1f} MB: the bundle may have {_MOST_BYTES / 1e6:.0f} MB.")


def _print_footing(folder: Path) -> None:
    """Print which bundled pairs must not be compared with each other."""
    footings = {path.stem: footing_of(file_metadata(path)) for path in folder.glob("resnet*")}
    for (first, one), (second, other) in combinations(sorted(footings.items()), 2):
        unequal = differences([one, other]) if one and other else {"footing": ("unknown",)}
        print(f"{first}, {second}:", unequal or "equal footing")


def main() -> None:
    """Bundle each pair, then say which pairs stand on equal footing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", help="folders of `train --out`, or bundled networks")
    parser.add_argument("--again", action="store_true", help="test bundled pairs again")
    options = parser.parse_args()
    torch.set_grad_enabled(False)
    test = load_dataset("cifar10").test
    for pair in options.pairs:
        if options.again:
            spec = NetworkSpec.preset(pair)
            for name in (spec.name, spec.plain().name):
                path = ASSETS / "checkpoints" / f"{name}.safetensors"
                bundled(path, test, leave=True).write(path.parent)
        else:
            bundle(Path(pair), ASSETS, test)
    _print_footing(ASSETS / "checkpoints")


if __name__ == "__main__":
    main()
