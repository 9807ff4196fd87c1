"""What is kept from one start to the next: compiled forms and kernel offsets, as JSON.

Programs from a file run in the kernel, so a file counts only if it and its folder belong to the effective user or
root and nobody else can write them. Under sudo the caller's home does not qualify, so root keeps in /var/cache.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGEST = 4 * 1024 * 1024
SHIPPED = Path(__file__).resolve().parent.parent.parent / "bpf" / "compiled"
"""Where an image carries compiled forms: read, never written."""


def default_folder() -> Path:
    """Where this user keeps: ICETOP_CACHE, /var/cache/icetop for root, the user's cache folder otherwise."""
    given = os.environ.get("ICETOP_CACHE")
    if given:
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/cache/icetop")
    import platformdirs

    return Path(platformdirs.user_cache_dir("icetop"))


def distrusted(path: Path) -> str:
    """Why a file or folder must not be trusted; empty when it may be."""
    found = os.lstat(path)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return f"{path} is neither a file nor a folder"
    if found.st_uid not in (0, os.geteuid()):
        return f"{path} belongs to user {found.st_uid}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{path} can be written by others"
    return ""


@dataclass(slots=True)
class Keeper:
    """Reads and writes what is kept. `complaints` collects why something kept was not used, or could not be kept."""

    folder: Path = field(default_factory=default_folder)
    complaints: list[str] = field(default_factory=list)

    def read(self, name: str) -> dict[str, Any] | None:
        """The object kept under a name, from the user's folder or as shipped; None when there is none to be used."""
        for folder in (self.folder, SHIPPED):
            found = self._read_from(folder, name)
            if found is not None:
                return found
        return None

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Keep an object, whole or not at all. Never raises: what is not kept is made again next time."""
        try:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            reason = distrusted(self.folder)
            if reason:
                self.complaints.append(f"nothing is kept: {reason}")
                return
            import tempfile

            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{name}-")
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(value, file)
                os.replace(temporary, self.folder / f"{name}.json")
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            self.complaints.append(f"nothing is kept in {self.folder}: {error.strerror}")

    def _read_from(self, folder: Path, name: str) -> dict[str, Any] | None:
        path = folder / f"{name}.json"
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.complaints.append(f"{path} is not used: {error.strerror}")
            return None
        with os.fdopen(descriptor, "rb") as file:
            reason = distrusted(path) or distrusted(folder)
            if not reason:
                try:
                    found = json.loads(file.read(LARGEST))
                    if isinstance(found, dict):
                        return found
                    reason = "it is not an object"
                except (ValueError, RecursionError):
                    reason = "it is damaged"
        self.complaints.append(
            f"a kept file is not used: {path}: {reason}"
            if str(path) not in reason
            else f"a kept file is not used: {reason}"
        )
        return None
