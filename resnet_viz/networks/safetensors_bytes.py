"""Weights as the bytes of a safetensors file, equal for equal content."""

import json
from collections.abc import Mapping

from safetensors.torch import save
from torch import Tensor

_ALIGNED = 8  # bytes; the tensors begin at a multiple, as the library writes them


def safetensors_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, object]) -> bytes:
    """Return the bytes of a safetensors file.

    The library writes metadata in the order of a hash map, which changes from call to call; here
    they are sorted, so that equal networks give files of equal checksums.

    Parameters
    ----------
    tensors
        The weights by name; a copy on the CPU is written.
    metadata
        Values that become JSON, by name.

    """
    weights = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    data = save(weights, metadata={name: json.dumps(value) for name, value in metadata.items()})
    length = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:length])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return len(text).to_bytes(8, "little") + text + data[length:]
