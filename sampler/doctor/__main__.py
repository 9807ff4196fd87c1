"""`python -m icetop.sampler.doctor`: silent where sampling is permitted, else why not, in two lines, and exit 1."""

from __future__ import annotations

import sys

from .attach import try_attach
from .check import Machine, State
from .tools import check_bcc


def main() -> int:
    """Try the two things without which nothing can be sampled."""
    for check in (try_attach, lambda: check_bcc(Machine())):
        found = check()
        if found.state is State.FAILED:
            print(f"icetop cannot sample here: {found.subject}: {found.finding}.")
            print(f"Mend: {found.mend}. More: icetop doctor.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
