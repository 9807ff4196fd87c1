"""Opening a file of unknown content: packed or not, in bounds, and which format it is, by what it begins with."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from typing import Literal, Protocol, cast

from ..profiles.delta import Notice
from ..profiles.printable import printable
from ..profiles.source import SourceError
from .limits import Limits, TooLarge
from .wire import Malformed

Format = Literal["pprof", "folded", "json", "perf", "bundle"]

HEAD = 4096
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_PERF = re.compile(rb"(?m)^\S[^\n]{0,300}?[ \t]\d+(?:/\d+)?[ \t][^\n]{0,300}:[ \t]*\n[ \t]+[0-9a-f]+ [^\n]*\)\r?$")
_COUNTED = re.compile(rb"(?m)\S[ \t]+-?[0-9][0-9.]*\r?$")


class Reading(Protocol):
    """What formats read from."""

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end. Raises TooLarge beyond the limit on a file's size."""
        ...


class _Bounded:
    def __init__(self, file: BufferedReader | gzip.GzipFile, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._read = 0

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._read += len(content)
        if self._read > self._limit:
            raise TooLarge(f"it holds more than {self._limit:,} bytes")
        return content


@contextmanager
def opened(path: str, limits: Limits, content: bytes | None = None) -> Iterator[Reading]:
    """A file for reading, or the `content` of a file in it, unpacked as it is read. Every failure while it is open
    becomes a SourceError of one line."""
    try:
        with open(path, "rb") if content is None else cast(BufferedReader, BufferedReader(BytesIO(content))) as file:
            if content is None:
                _check_size(file, limits)
            packed = file.peek(2)[:2] == GZIP
            yield _Bounded(gzip.GzipFile(fileobj=file) if packed else file, limits.size)
    except TooLarge as error:
        raise refused(path, str(error), f"--file-limit {limits.size * 4 >> 20}MiB takes larger ones") from None
    except EOFError:
        raise refused(path, "it is cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise refused(path, f"its gzip data is damaged: {error}") from None
    except Malformed as error:
        raise refused(path, str(error)) from None
    except MemoryError:
        raise refused(path, "it does not fit into the memory") from None
    except OSError as error:
        raise refused(path, error.strerror or str(error)) from None


def detect(path: str, limits: Limits) -> Format:
    """The format of a file. Raises SourceError for an empty one, and for text without counts."""
    with opened(path, limits) as stream:
        head = stream.read(HEAD)
    if not head:
        raise refused(path, "it is empty")
    if head[:4] == ZIP:
        return "bundle"
    if _BINARY.search(head):
        return "pprof"
    if head.lstrip()[:1] == b"{":
        return "json"
    if _PERF.search(head):
        return "perf"
    cut_line = len(head) == HEAD and b"\n" not in head
    if not cut_line and not _COUNTED.search(head):
        raise refused(path, "it is none of the formats that icetop reads")
    return "folded"


def refused(path: str, why: str, mend: str = "") -> SourceError:
    """The error of a file that cannot be used."""
    return SourceError(Notice("error", printable(path, 300), printable(why, 300), mend))


def _check_size(file: BufferedReader, limits: Limits) -> None:
    if os.fstat(file.fileno()).st_size > limits.size:
        raise TooLarge(f"it holds more than {limits.size:,} bytes")
