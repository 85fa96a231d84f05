"""``python -m resnet_viz``, and the installed command ``resnet-viz``."""

import sys


def main() -> None:
    """Run a command; Ctrl-C at any moment ends it with the shell's code for an interrupt."""
    try:
        from resnet_viz.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
