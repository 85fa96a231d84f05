"""Which Python objects a pickle would import, read from its opcodes; nothing is executed."""

import pickletools
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Iterator
from pathlib import Path

from resnet_viz.checkpoints.reading.file_kinds import MOST_PICKLE

_MOST_NAMED = 6
_MOST_OPCODES = 300_000
_TEXT = {"SHORT_BINUNICODE", "BINUNICODE", "UNICODE", "BINUNICODE8", "SHORT_BINSTRING", "STRING"}
#: What an ordinary state dict imports.
_USUAL = {OrderedDict.__module__ + ".OrderedDict", "collections.Counter"}
_USUAL_MODULES = ("torch._utils.", "torch.storage.")
_STORAGES = ("Storage", "Size", "device", "float", "int", "bool", "complex", "bfloat", "uint")


def wanted_globals(path: Path) -> list[str]:
    """Names of what a refused pickle asks for beside tensors, the most frequent first."""
    counted: Counter[str] = Counter()
    try:
        for name in _globals(_pickle_bytes(path)):
            if not _usual(name):
                counted[name] += 1
    except (ValueError, OSError, zipfile.BadZipFile, IndexError, KeyError, RuntimeError):
        pass  # what was found before the damage still counts
    return [name for name, _ in counted.most_common(_MOST_NAMED)]


def _usual(name: str) -> bool:
    torch_type = name.startswith("torch.") and name.removeprefix("torch.").startswith(_STORAGES)
    storage = name.startswith("torch.") and name.endswith("Storage")
    return name in _USUAL or name.startswith(_USUAL_MODULES) or torch_type or storage


def _pickle_bytes(path: Path) -> bytes:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return b"".join(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))
    with path.open("rb") as file:
        return file.read(MOST_PICKLE)


def _globals(data: bytes) -> Iterator[str]:
    """Dotted name of every import; several pickles may stand behind each other."""
    place, left = 0, _MOST_OPCODES
    while place < len(data) and data[place : place + 1] == b"\x80":
        words: list[str] = []
        memo: list[str] = []
        end = 0
        for opcode, argument, position in pickletools.genops(data[place:]):
            left, end = left - 1, position or 0
            if opcode.name in _TEXT:
                words.append(str(argument))
            elif opcode.name == "GLOBAL":
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL" and len(words) > 1:
                yield f"{words[-2]}.{words[-1]}"
            elif opcode.name == "MEMOIZE":
                memo.append(words[-1] if words else "")
            elif opcode.name in ("BINGET", "LONG_BINGET") and int(argument or 0) < len(memo):
                words.append(memo[int(argument or 0)])
            if left <= 0:
                return
        place += end + 1
