"""The shortest Python expression that renames the tensors of a file to ours."""

from collections.abc import Collection, Mapping, Sequence

_MOST_RULES = 10  # parts of names; more are harder to read than a table
_COUNTER = "num_batches_tracked"


def rename_lines(keys: Mapping[str, str], names: Sequence[str], own: Sequence[str]) -> list[str]:
    """Lines that give the dictionary ``state`` our names.

    Parts of names are exchanged if that is enough. Otherwise the order decides, if it is ours, and
    else a table.

    Parameters
    ----------
    keys
        The file's names by ours; {} if they are equal.
    names
        All names in ``state``, in its order.
    own
        The names of the network, in its order.

    """
    if all(mine == theirs for mine, theirs in keys.items()):
        return []
    rules = _rules(keys)
    if rules is not None and _exact(rules, keys, names):
        return [
            f"parts = {rules!r}",
            "state = {'.'.join(parts.get(p, p) for p in k.split('.')): v",
            "         for k, v in state.items()}",
        ]
    if [keys.get(name) for name in own] == [*names]:
        return ["state = dict(zip(network.state_dict(), state.values()))  # in the same order"]
    return _table(keys)


def _rules(keys: Mapping[str, str]) -> dict[str, str] | None:
    """Parts of the file's names and what we call them; None if a part has several names here."""
    rules: dict[str, str] = {}
    for mine, theirs in keys.items():
        left, right = theirs.split("."), mine.split(".")
        if len(left) != len(right):
            return None
        for old, new in zip(left, right, strict=True):
            if rules.setdefault(old, new) != new:
                return None
    changed = {old: new for old, new in rules.items() if old != new}
    return changed if len(changed) <= _MOST_RULES else None


def _exact(rules: Mapping[str, str], keys: Mapping[str, str], names: Collection[str]) -> bool:
    """Whether no other tensor of the file gets one of our names."""
    renamed = [".".join(rules.get(p, p) for p in name.split(".")) for name in names]
    return sum(name in keys for name in renamed) == len(keys)


def _table(keys: Mapping[str, str]) -> list[str]:
    """A table of modules, or of tensors where their parts have other names too."""
    modules: dict[str, str] = {}
    for mine, theirs in keys.items():
        stem, _, part = mine.rpartition(".")
        other, _, other_part = theirs.rpartition(".")
        if part != other_part or modules.setdefault(stem, other) != other:
            rows = [f"    {mine!r}: {theirs!r}," for mine, theirs in keys.items()]
            renamed = "state = {ours: state[theirs] for ours, theirs in names.items()}"
            return ["names = {", *rows, "}", renamed]
    rows = [f"    {theirs!r}: {mine!r}," for mine, theirs in modules.items()]
    return [
        "names = {",
        *rows,
        "}",
        "split = ((*k.rpartition('.')[::2], v) for k, v in state.items())",
        'state = {f"{names[m]}.{part}": v for m, part, v in split if m in names}',
    ]
