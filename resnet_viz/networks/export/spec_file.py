"""Write a spec to a JSON file, and read one from an untrusted file."""

import json
from pathlib import Path

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import SpecError
from resnet_viz.core.saving import to_json
from resnet_viz.networks.tables.totals import check_size
from resnet_viz.spec import NetworkSpec

SCHEMA_VERSION = 1
_MOST_BYTES = 64_000  # a spec of eight stages has about 1 kB


def spec_to_json(spec: NetworkSpec) -> str:
    """The spec as JSON, with the version of its layout."""
    return to_json({"schema_version": SCHEMA_VERSION, **spec.to_dict()})


def given_spec(words: str) -> NetworkSpec | None:
    """The spec that a command names: a JSON file, or as for ``parse_spec``."""
    return read_spec(Path(words)) if words.endswith(".json") else parse_spec(words)


def read_spec(path: Path) -> NetworkSpec:
    """Read a spec from a JSON file; ``SpecError`` for anything else."""
    try:
        if not path.is_file():  # a pipe could be waited for without end
            raise SpecError("spec_json_missing", name=path.name)
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise SpecError("spec_json_missing", name=path.name) from error
    return spec_from_json(data, path.name)


def spec_from_json(data: bytes | str, name: str = "spec.json") -> NetworkSpec:
    """The spec in a JSON file; ``name`` is the file's name, for errors.

    Nothing is executed and no network is built. ``SpecError`` for anything that is not the JSON of
    one spec, or describes a network too large to build.
    """
    values = _parsed(data, name)
    version = values.pop("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        shown_version = str(version)[:40]
        raise SpecError("spec_schema", name=name, given=shown_version, known=SCHEMA_VERSION)
    spec = NetworkSpec.from_dict(values)
    check_size(spec)
    return spec


def parse_spec(name_or_json: str) -> NetworkSpec | None:
    """Parse a preset's name or a spec's JSON; None for "". Raises ``SpecError``."""
    if not name_or_json:
        return None
    if name_or_json.startswith("{"):
        return spec_from_json(name_or_json)
    return NetworkSpec.preset(name_or_json)


def _parsed(data: bytes | str, name: str) -> JsonObject:
    if len(data) > _MOST_BYTES:
        raise SpecError("spec_json_large", name=name, most=_MOST_BYTES // 1000)
    try:
        values = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise SpecError("spec_json", name=name) from error
    if not isinstance(values, dict):
        raise SpecError("spec_json", name=name)
    return values


def _once(pairs: list[tuple[str, object]]) -> JsonObject:
    """An object with unique keys; a repeated key is ambiguous and refused."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError(pairs[0][0])
    return values
