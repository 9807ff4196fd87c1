"""Debug files from servers that speak debuginfod (https://sourceware.org/elfutils/Debuginfod.html), kept in a cache.

Asked only when told to: a server learns which binaries this machine looks at.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SECONDS_A_FILE, SECONDS_IN_ALL = 30.0, 90.0
LARGEST = 1 << 30
CHUNK = 1 << 18
_BUILD_ID = re.compile(r"[0-9a-f]{8,128}")


class Debuginfod:
    """Fetches debug files by build-id. What no server has is not asked for again; once the time is up, nothing is."""

    def __init__(self, urls: Sequence[str], cache: Path, seconds: float = SECONDS_IN_ALL) -> None:
        self._urls = [url.rstrip("/") for url in urls if url.startswith(("http://", "https://"))]
        self._cache = cache
        self._until = time.monotonic() + seconds

    def fetch(self, build_id: str) -> str | None:
        """The path of the debug file, None where it cannot be had."""
        if not _BUILD_ID.fullmatch(build_id):
            return None
        kept = self._cache / f"{build_id}.debug"
        if kept.is_file():
            return str(kept)
        for url in self._urls:
            if time.monotonic() < self._until and self._download(f"{url}/buildid/{build_id}/debuginfo", kept):
                return str(kept)
        return None

    def _download(self, url: str, kept: Path) -> bool:
        import http.client
        from urllib.error import URLError
        from urllib.request import Request, urlopen

        until = min(time.monotonic() + SECONDS_A_FILE, self._until)
        try:
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (
                urlopen(
                    Request(url, headers={"User-Agent": "icetop"}), timeout=max(until - time.monotonic(), 1)
                ) as answer,
                tempfile.NamedTemporaryFile(dir=self._cache, delete=False) as file,
            ):
                whole = self._copy(answer, file, until)
            os.replace(file.name, kept) if whole else os.unlink(file.name)
        except (URLError, OSError, ValueError, http.client.HTTPException):
            return False
        return whole

    def _copy(self, answer: object, file: object, until: float) -> bool:
        """Copy what comes; whether it came whole, in time, and not too large."""
        size = 0
        while chunk := answer.read(CHUNK):  # type: ignore[attr-defined]
            size += len(chunk)
            if size > LARGEST or time.monotonic() > until:
                return False
            file.write(chunk)  # type: ignore[attr-defined]
        return True


def configured_urls(environment: dict[str, str]) -> list[str]:
    """The servers that DEBUGINFOD_URLS names."""
    return environment.get("DEBUGINFOD_URLS", "").split()
