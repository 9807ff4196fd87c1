"""The kernel's own list of symbols, kept in a folder from one start of the program to the next, until a restart.

It holds addresses that the kernel shows to few, so only its owner may read it; and names that will be believed, so a
file that anybody else could have written is not used.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_PREFIX = "kallsyms-"


def find(folder: Path | None) -> mmap.mmap | None:
    """The kept text of this boot, mapped; None when there is none that can be trusted."""
    path = _path(folder)
    if path is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o7777 != 0o600 or not status.st_size:
            return None
        return mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def keep(folder: Path | None, text: bytes | bytearray) -> mmap.mmap | None:
    """Keep a text for this boot, dropping those of earlier ones, and map it; None when that is not possible."""
    path = _path(folder)
    if path is None or not text:
        return None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(text)
        new.replace(path)
        for old in path.parent.glob(f"{_PREFIX}*"):
            if old != path:
                with contextlib.suppress(OSError):
                    old.unlink()
    except OSError:
        return None
    return find(folder)


def _path(folder: Path | None) -> Path | None:
    if folder is None:
        return None
    try:
        status = folder.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return None
    except FileNotFoundError:
        pass
    except OSError:
        return None
    try:
        return folder / (_PREFIX + Path(_BOOT_ID).read_text().strip())
    except OSError:
        return None
