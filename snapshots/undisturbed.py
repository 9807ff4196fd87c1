"""Reading without the search for garbage: what is read stays, and hangs together without circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Search for no garbage meanwhile: that takes a fifth of the time, and finds nothing. Nor will the next search go
    through what was read, until this is called again."""
    enabled = gc.isenabled()
    gc.disable()
    gc.unfreeze()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
