"""Hostile weights files; each is named after its attack."""

import builtins
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import torch

WITNESS = "witness"


class Calls:
    """A pickle that calls a function when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def _saved(content, legacy=False):
    out = io.BytesIO()
    torch.save(content, out, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


def _state():
    return {"conv1.weight": torch.zeros(8, 3, 3, 3), "fc.weight": torch.zeros(10, 8)}


def _touch():
    return Calls(os.system, f"touch {WITNESS}")


def _safetensors(header, body=b""):
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(data)) + data + body


def _tensor(dtype="F32", shape=(2,), span=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(span)}


def _zip(entries, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def _rewritten(change):
    """A good file whose ZIP entries went through ``change``."""
    with zipfile.ZipFile(io.BytesIO(_saved(_state()))) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    return _zip(change(entries))


def _claims(numel):
    """A good file whose pickle promises longer storages than there are."""

    def change(entries):
        return [
            (
                n,
                d.replace(b"K\xd8", b"J" + struct.pack("<i", numel))
                if n.endswith("data.pkl")
                else d,
            )
            for n, d in entries
        ]

    return _rewritten(change)


def _tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"), io.BytesIO(b""))
    return out.getvalue()


def _half(data):
    return data[: len(data) // 2]


def _nested(depth):
    content = {"a": 1}
    for _ in range(depth):
        content = {"state_dict": content}
    return content


def _expanded():
    return {"conv1.weight": torch.zeros(1).expand(100_000, 100_000), "fc.weight": torch.zeros(2, 2)}


class Whole(torch.nn.Linear):
    """A network saved whole, of a class that nobody else has."""


PICKLES = {
    "os.system": lambda: _saved(_touch()),
    "os.system legacy": lambda: _saved(_touch(), legacy=True),
    "os.system bare": lambda: pickle.dumps(_touch()),
    "os.system protocol 4": lambda: pickle.dumps({"state_dict": _touch()}, protocol=4),
    "os.system in a state dict": lambda: _saved({"state_dict": _state(), "epoch": _touch()}),
    "os.system deep inside": lambda: _saved({"a": {"b": [{"c": (_touch(),)}]}}),
    "eval": lambda: _saved(Calls(builtins.eval, f"open('{WITNESS}', 'w')")),
    "exec": lambda: _saved(Calls(builtins.exec, f"open('{WITNESS}', 'w')")),
    "open": lambda: _saved(Calls(builtins.open, WITNESS, "w")),
    "getattr": lambda: _saved(Calls(builtins.getattr, "a", "upper")),
    "pickle in a pickle": lambda: _saved(Calls(pickle.loads, pickle.dumps(_touch()))),
    "torch.load": lambda: _saved(Calls(torch.load, WITNESS)),
    "whole network": lambda: _saved(torch.nn.Linear(2, 2)),
    "whole network of a strange class": lambda: _saved(Whole(2, 2)),
}

DAMAGED = {
    "empty": lambda: b"",
    "one byte": lambda: b"\x80",
    "text": lambda: b"hello, this is text\n" * 100,
    "HTML": lambda: b"<!DOCTYPE html><html><body>404</body></html>",
    "PNG": lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "JPEG": lambda: b"\xff\xd8\xff\xe0" + bytes(1000),
    "gzip": lambda: b"\x1f\x8b\x08" + bytes(100),
    "HDF5": lambda: b"\x89HDF\r\n\x1a\n" + bytes(100),
    "git lfs pointer": lambda: (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    ),
    "half a zip": lambda: _half(_saved(_state())),
    "half a legacy file": lambda: _half(_saved(_state(), True)),
    "zip of text": lambda: _zip([("readme.txt", "hello")]),
    "tar": _tar,
    "recursive zip": lambda: _zip([("a/data.pkl", _zip([("a/data.pkl", b"")]))]),
    "zip without data": lambda: _rewritten(lambda e: [x for x in e if "/data/" not in x[0]]),
    "zip with short data": lambda: _rewritten(
        lambda e: [(n, d[:4] if "/data/" in n else d) for n, d in e]
    ),
    "zip that climbs": lambda: _rewritten(lambda e: [("../../" + n, d) for n, d in e]),
    "zip bomb": lambda: _zip([("a/data.pkl", bytes(200_000_000))], zipfile.ZIP_DEFLATED),
    "compressed checkpoint": lambda: _zip([("a/data.pkl", b"x" * 100)], zipfile.ZIP_DEFLATED),
    "torchscript": lambda: _zip([("a/data.pkl", b""), ("a/constants.pkl", b""), ("a/code/x", b"")]),
    "promises more": lambda: _claims(2_000_000_000),
    "terabytes by a stride of 0": lambda: _saved(_expanded()),
    "meta tensor": lambda: _saved({"a.weight": torch.zeros(2, 2, device="meta")}),
    "complex": lambda: _saved({"a.weight": torch.zeros(2, 2, dtype=torch.complex64)}),
    "sparse": lambda: _saved({"a.weight": torch.eye(3).to_sparse()}),
    "list": lambda: _saved([1, 2, 3]),
    "whole numbers as keys": lambda: _saved({1: torch.zeros(2), 2: torch.zeros(2)}),
    "nested 150 deep": lambda: _saved(_nested(150)),
    "huge directory": lambda: DIRECTORY,
    "300,000 keys": lambda: pickle.dumps({str(i): 1 for i in range(300_000)}, protocol=2),
}

SAFETENSORS = {
    "header of 2**62 bytes": lambda: struct.pack("<Q", 2**62) + b"{}",
    "header past the end": lambda: struct.pack("<Q", 1000) + b"{}",
    "header is no JSON": lambda: _safetensors(b"{not json"),
    "header is a list": lambda: _safetensors(b"[1, 2]"),
    "offsets beyond the file": lambda: _safetensors({"a": _tensor(span=(0, 8000))}, bytes(8)),
    "overlapping": lambda: _safetensors(
        {"a": _tensor(), "b": _tensor(span=(4, 12))}, bytes(12)
    ),
    "a hole": lambda: _safetensors({"a": _tensor(), "b": _tensor(span=(16, 24))}, bytes(24)),
    "shape overflows": lambda: _safetensors({"a": _tensor(shape=(2**40, 2**40))}, bytes(8)),
    "negative shape": lambda: _safetensors({"a": _tensor(shape=(-1, -2))}, bytes(8)),
    "unknown type": lambda: _safetensors({"a": _tensor(dtype="F99")}, bytes(8)),
    "wrong type": lambda: _safetensors({"a": _tensor(dtype="F64")}, bytes(8)),
    "trailing bytes": lambda: _safetensors({"a": _tensor()}, bytes(800)),
    "duplicate keys": lambda: _safetensors(
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8),
    ),
    "nested JSON": lambda: _safetensors(b"[" * 200_000),
    "huge empty shape": lambda: _safetensors({"a": _tensor(shape=(0, 2**50), span=(0, 0))}),
    "60,000 empty tensors": lambda: _safetensors(
        {str(i): _tensor(shape=(0,), span=(0, 0)) for i in range(60_000)}
    ),
}  # fmt: skip


def _onnx(location=None, **fields):
    """A graph of one initialiser, changed."""
    import onnx

    values = np.zeros(8, np.float32)
    weight = onnx.helper.make_tensor("conv1.weight", 1, [8], values.tobytes(), raw=True)
    for field, value in fields.items():
        if field == "dims":
            del weight.dims[:]
            weight.dims.extend(value)
        else:
            setattr(weight, field, value)
    if location is not None:
        weight.data_location = onnx.TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=location)
    graph = onnx.helper.make_graph([], "g", [], [], initializer=[weight])
    return onnx.helper.make_model(graph).SerializeToString()


ONNX = {
    "ONNX of text": lambda: b"hello, this is text",
    "ONNX cut in half": lambda: _half(_onnx()),
    "ONNX with values elsewhere": lambda: _onnx(location="../../etc/passwd"),
    "ONNX that promises terabytes": lambda: _onnx(dims=[2**20, 2**20]),
    "ONNX of a negative shape": lambda: _onnx(dims=[-8]),
    "ONNX with half the values": lambda: _onnx(dims=[16]),
    "ONNX of no numbers": lambda: _onnx(data_type=8),
}

#: A directory of 20 MB, as the last record says; there is nothing behind it.
DIRECTORY = (
    b"PK\x03\x04"
    + bytes(100)
    + b"PK\x05\x06"
    + struct.pack("<HHHHIIH", 0, 0, 1, 1, 20_000_000, 0, 0)
)

INDEXES = {
    "index that climbs": {"weight_map": {"a": "../../etc/passwd"}},
    "index that is absolute": {"weight_map": {"a": "/etc/passwd.safetensors"}},
    "index of nothing": {"weight_map": {}},
    "index of numbers": {"weight_map": [1, 2]},
    "index of missing files": {"weight_map": {"a": "none.safetensors"}},
}


def write_all(folder: Path) -> dict[str, Path]:
    """Every hostile file, by what it tries."""
    made = {}
    groups = ((".pth", PICKLES), (".pth", DAMAGED), (".safetensors", SAFETENSORS), (".onnx", ONNX))
    for suffix, group in groups:
        for name, data in group.items():
            made[name] = folder / f"{len(made)}{suffix}"
            made[name].write_bytes(data())
    for name, content in INDEXES.items():
        made[name] = folder / f"{len(made)}.index.json"
        made[name].write_text(json.dumps(content))
    sparse = folder / "sparse.pth"
    with sparse.open("wb") as file:
        file.truncate(2_000_000_000)
    link = folder / "link.safetensors"
    link.symlink_to("/dev/zero")
    return {**made, "2 GB sparse": sparse, "link to a device": link, "a folder": folder}
