"""The project's own source, read as text and as syntax trees."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "resnet_viz"


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name, and the pages ("app", "pages.1_Build")."""
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    pages = {f"pages.{path.stem}": path for path in sorted((ROOT / "pages").glob("*.py"))}
    package = {name.removesuffix(".__init__"): path for name, path in found.items()}
    return package | pages | {"app": ROOT / "app.py"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
