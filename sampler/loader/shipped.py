"""Compiles ahead what an image carries, so that no container has to at its start.

    python -m icetop.sampler.loader.shipped [FOLDER]

It goes into the folder of the installed package, from which it is read where nothing is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .compiled import choices_for, compiled_form
from .kept import SHIPPED, Keeper


def ship(folder: Path = SHIPPED) -> None:
    """Compile what kernels of today and older ones take into a folder. Raises CannotCompile, and OSError."""
    keeper = Keeper(folder)
    for has_task_pt_regs in (True, False):
        compiled_form(keeper, choices_for(has_task_pt_regs), lambda stage: None)
    if keeper.complaints:
        raise OSError("; ".join(keeper.complaints))
    for file in folder.glob("*.json"):
        file.chmod(0o644)


if __name__ == "__main__":
    ship(Path(sys.argv[1]) if sys.argv[1:] else SHIPPED)
