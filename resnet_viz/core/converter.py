"""Convert records to JSON values and back.

A frozen dataclass becomes an object, a tuple or an array a list, a ``StrEnum`` its value, a path
its text, a time ISO 8601, bytes base64. JSON has no NaN and no infinity: they are written as the
words "nan", "inf" and "-inf", and come back as floats. A class that has ``to_dict`` and
``from_dict`` is converted by these methods, because their checks are stricter than types.
"""

import base64
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin

import numpy as np
from cattrs import Converter
from jaxtyping import AbstractArray

from resnet_viz.core import errors
from resnet_viz.core.errors import ResnetVizError

T = TypeVar("T")

#: A JSON object that is written for other programs, or was read from a file.
JsonObject: TypeAlias = dict[str, Any]


def encode(value: object) -> Any:  # noqa: ANN401  # JSON has no narrower type
    """Convert a record, or a container of records, to JSON values.

    >>> from resnet_viz.records import ConfusedPair
    >>> encode(ConfusedPair(truth=3, answer=5, images=12, share=float("nan")))
    {'truth': 3, 'answer': 5, 'images': 12, 'share': 'nan'}
    """
    return _CONVERTER.unstructure(value)


def decode(cls: type[T], value: object) -> T:
    """Convert JSON values to a record; arrays are read-only, unknown fields are ignored.

    Raises ``ValueError`` if the value is not a ``cls``, and any ``ResnetVizError`` that the
    record's own checks raise.
    """
    try:
        return _CONVERTER.structure(value, cls)
    except ResnetVizError:
        raise
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no {getattr(cls, '__name__', cls)}: {error!r}") from error


def decode_all(cls: type[T], values: object) -> tuple[T, ...]:
    """Decode every value of a list; ``ValueError`` if ``values`` is no list or one is invalid."""
    if not isinstance(values, (list, tuple)):
        raise ValueError(f"no list: {values!r:.80}")
    return tuple(decode(cls, value) for value in values)


def _number(value: float) -> float | str:
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if isfinite(plain) else str(plain)


def _float(value: object, _: object) -> float:
    """Return a number; an int stays an int, so that encoding it again gives the same JSON."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"no number: {value!r}")
    return float(value) if isinstance(value, str) else value


def _exactly(kind: type) -> Callable[[object, object], object]:
    """Return a hook that accepts only values of exactly this type, without any conversion."""

    def read(value: object, _: object) -> object:
        if type(value) is not kind:
            raise ValueError(f"no {kind.__name__}: {value!r}")
        return value

    return read


def _list_of(array: np.ndarray) -> object:
    values = array.tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return _CONVERTER.unstructure(values)
    return values


def _array(value: object, cls: object) -> np.ndarray:
    """Convert numbers, and words such as "nan", to a read-only array of the annotated type."""
    dtypes: Sequence[str] = getattr(cls, "dtypes", ())
    exact = dtypes[0] if len(dtypes) == 1 else np.float64
    array = np.array(value, dtype=object).astype(exact)
    array.setflags(write=False)
    return array


def _is_array(cls: object) -> bool:
    return isinstance(cls, type) and issubclass(cls, (np.ndarray, AbstractArray))


def _reads_itself(cls: object) -> bool:
    return isinstance(cls, type) and hasattr(cls, "from_dict") and hasattr(cls, "to_dict")


def _is_text_or_record(cls: object) -> bool:
    """Whether a type is a union of ``str`` and a record, with or without None."""
    if get_origin(cls) not in (Union, types.UnionType):
        return False
    others = [part for part in get_args(cls) if part not in (types.NoneType, str)]
    return str in get_args(cls) and len(others) == 1 and is_dataclass(others[0])


def _text_or_record(value: object, cls: object) -> object:
    if value is None or isinstance(value, str):
        return value
    record = next(part for part in get_args(cls) if is_dataclass(part))
    return _CONVERTER.structure(value, cast("type[object]", record))


def _error_values(error: ResnetVizError) -> JsonObject:
    values = {name: str(value) for name, value in error.values.items()}
    return {"error": type(error).__name__, "code": error.code, "values": values}


def _error(value: JsonObject, _: object) -> ResnetVizError:
    kind = getattr(errors, value["error"])
    if not issubclass(kind, ResnetVizError):
        raise ValueError(f"no error: {value['error']!r}")
    return cast(ResnetVizError, kind(value["code"], **value["values"]))


def _new_converter() -> Converter:
    """Create the converter. If several hooks fit a type, cattrs uses the last one."""
    converter = Converter(
        detailed_validation=False, unstruct_collection_overrides={tuple: list, Mapping: dict}
    )
    converter.register_unstructure_hook(float, _number)
    converter.register_structure_hook(float, _float)
    for kind in (int, bool, str):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_unstructure_hook(StrEnum, lambda value: value.value)
    converter.register_structure_hook(StrEnum, lambda value, cls: cls(value))
    converter.register_unstructure_hook(
        np.generic, lambda value: converter.unstructure(value.item())
    )
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_unstructure_hook(bytes, lambda value: base64.b64encode(value).decode())
    converter.register_structure_hook(bytes, lambda value, _: base64.b64decode(value))
    converter.register_unstructure_hook(ResnetVizError, _error_values)
    converter.register_structure_hook_func(
        lambda cls: isinstance(cls, type) and issubclass(cls, ResnetVizError), _error
    )
    converter.register_unstructure_hook_func(_is_array, _list_of)
    converter.register_structure_hook_func(_is_array, _array)
    converter.register_structure_hook_func(_is_text_or_record, _text_or_record)
    converter.register_unstructure_hook_func(
        _reads_itself, lambda value: converter.unstructure(value.to_dict())
    )
    converter.register_structure_hook_func(_reads_itself, lambda value, cls: cls.from_dict(value))
    return converter


_CONVERTER = _new_converter()
