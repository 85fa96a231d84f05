"""``project_rules``: a project's rules, from ``[tool.resnet_viz.diagnose]`` in ``pyproject.toml``.

    [tool.resnet_viz.diagnose]
    fail-on = "fail"
    baseline = "known-findings.json"
    silence = ["half_precision", "dead_filters:layer1.*"]

    [tool.resnet_viz.diagnose.thresholds]
    dead_filters = { warn = 0.5, fail = false }

The file is the nearest one above the current folder that has the table. Paths are relative to it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from resnet_viz.core.errors import OptionError
from resnet_viz.diagnosis.checkpoint_gate import Rules, known_checks
from resnet_viz.diagnosis.thresholds import THRESHOLDS, Threshold
from resnet_viz.records import FailOn

_FILE = "pyproject.toml"
_KEYS = ("fail-on", "baseline", "silence", "thresholds")
_LIMITS = ("warn", "fail")


@dataclass(frozen=True)
class ProjectRules:
    """The rules, and the baseline's path; None without one."""

    rules: Rules = Rules()  # noqa: RUF009  # frozen
    baseline: Path | None = None


def project_rules(folder: Path) -> ProjectRules:
    """Read the rules of the project that a folder belongs to; the usual ones without a table.

    Raises ``OptionError`` for an unknown key or an invalid value.
    """
    for place in (folder, *folder.parents):
        table = _table(place / _FILE)
        if table is not None:
            return _parsed(table, place)
    return ProjectRules()


def _table(path: Path) -> Mapping[str, Any] | None:
    """The table of a file; None if there is no file or no table in it."""
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:  # no TOML, or no text
        raise OptionError("project_damaged", file=str(path)) from error
    for key in ("tool", "resnet_viz", "diagnose"):
        content = content.get(key) if isinstance(content, Mapping) else None
    return content if isinstance(content, Mapping) else None


def _parsed(table: Mapping[str, Any], folder: Path) -> ProjectRules:
    for key in table:
        if key not in _KEYS:
            raise _unknown(key, _KEYS)
    silence = table.get("silence", [])
    if not isinstance(silence, list) or not all(isinstance(each, str) for each in silence):
        raise _invalid("silence", silence, '["check", "check:layer"]')
    known_checks(silence)
    rules = Rules(silence=tuple(silence), thresholds=_thresholds(table.get("thresholds", {})))
    if "fail-on" in table:
        if table["fail-on"] not in [*FailOn]:
            raise _invalid("fail-on", table["fail-on"], ", ".join(FailOn))
        rules = replace(rules, fail_on=FailOn(table["fail-on"]))
    baseline = table.get("baseline")
    if baseline is not None and not isinstance(baseline, str):
        raise _invalid("baseline", baseline, '"FILE.json"')
    return ProjectRules(rules, None if baseline is None else folder / baseline)


def _thresholds(table: object) -> dict[str, Threshold]:
    if not isinstance(table, Mapping):
        raise _invalid("thresholds", table, "{ check = { warn = NUMBER, fail = NUMBER } }")
    found = {}
    for check, limits in table.items():
        if check not in THRESHOLDS:
            raise _unknown(f"thresholds.{check}", tuple(THRESHOLDS))
        if not isinstance(limits, Mapping):
            raise _invalid(f"thresholds.{check}", limits, "{ warn = NUMBER, fail = NUMBER }")
        usual = THRESHOLDS[check]
        values = {limit: getattr(usual, limit) for limit in _LIMITS}
        for limit, value in limits.items():
            if limit not in _LIMITS:
                raise _unknown(f"thresholds.{check}.{limit}", _LIMITS)
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (is_number or value is False):
                raise _invalid(f"thresholds.{check}.{limit}", value, "NUMBER, false")
            values[limit] = None if value is False else float(value)
        found[check] = Threshold(values["warn"], values["fail"], usual.below)
    return found


def _unknown(key: str, known: tuple[str, ...]) -> OptionError:
    last = key.rpartition(".")[2]
    near = get_close_matches(last, known, n=5, cutoff=0.5) or known
    return OptionError("project_key", setting=key, known=", ".join(near))


def _invalid(key: str, value: object, known: str) -> OptionError:
    return OptionError("project_value", setting=key, value=f"{value!r:.60}", known=known)
