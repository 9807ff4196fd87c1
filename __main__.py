"""`python -m icetop`, and the console script."""

from __future__ import annotations

import gc
import sys

from .cli.priority import hurry
from .cli.splash import erase_splash, show_splash


def main() -> None:
    """Run the command line; exits with its status."""
    hurry(sys.argv[1:])
    show_splash(sys.argv[1:])
    gc.disable()  # what is imported stays: to look through it for garbage takes a tenth of the time
    from .cli.main import run

    gc.enable()
    try:
        status = run()
    finally:
        erase_splash()
    sys.exit(status)


if __name__ == "__main__":
    main()
