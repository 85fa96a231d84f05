"""Write the library's reference with pdoc: ``python -m scripts.reference FOLDER MODULE...``."""

import sys
from pathlib import Path

import pdoc

import resnet_viz


def main() -> None:
    """Every public name is looked up first: pdoc reads a module's dictionary, which fills then."""
    folder, *modules = sys.argv[1:]
    for name in resnet_viz.__all__:
        getattr(resnet_viz, name)
    pdoc.render.configure(docformat="numpy", show_source=False)
    pdoc.pdoc(*modules, output_directory=Path(folder))


if __name__ == "__main__":
    main()
