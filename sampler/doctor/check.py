"""What a check says, and the machine it looks at."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class State(str, Enum):
    """`failed` stops sampling, `degraded` takes something away, `absent` is not there and need not be."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, what icetop uses it for, what is lost without it, and the mend."""

    subject: str
    state: State
    finding: str
    purpose: str
    effect: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the checks look. Tests put folders of their own in place of the system's."""

    proc: Path = Path("/proc")
    sysfs: Path = Path("/sys")
    boot: Path = Path("/boot")
    run: Path = Path("/run")
    system: str = field(default_factory=platform.system)
    release: str = field(default_factory=platform.release)
    processor: str = field(default_factory=platform.machine)
    user: int = field(default_factory=os.geteuid)
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, path: Path) -> str | None:
        """The text of a file without white space around it, None where it cannot be read."""
        try:
            return path.read_text(errors="replace").replace("\0", "").strip()
        except OSError:
            return None

    def setting(self, name: str) -> int | None:
        """A number from /proc/sys/kernel, None where there is none."""
        try:
            return int(self.text(self.proc / "sys/kernel" / name) or "")
        except ValueError:
            return None

    def status(self, field_name: str) -> str:
        """A field of icetop's own /proc/self/status, empty where there is none."""
        lines = (line.partition(":") for line in (self.text(self.proc / "self/status") or "").splitlines())
        return next((value.strip() for key, _, value in lines if key == field_name), "")

    @property
    def version(self) -> tuple[int, int]:
        """The kernel's version, (0, 0) where it cannot be told."""
        found = re.match(r"(\d+)\.(\d+)", self.release)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def there(path: Path) -> bool:
    """Whether a file or folder is there, as far as icetop may see."""
    try:
        return path.exists()
    except OSError:
        return False
