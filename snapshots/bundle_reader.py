"""What of a bundle is read: its profile and its notes. Nothing is unpacked to the disk, no other name in it means
anything, and how much comes out of it is counted while it comes."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

from ..profiles.time_notes import TimeNote
from .bundle_names import MANIFEST, NOTES, PROFILE, SCHEMA
from .limits import Limits, TooLarge
from .notes_file import LARGEST, parse_notes
from .wire import Malformed

END_OF_ZIP = struct.Struct("<4s4H2LH")
LONGEST_COMMENT = 1 << 16
LARGEST_DIRECTORY = 1 << 18
LARGEST_MANIFEST = 1 << 20
CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundle's profile, packed as it lies in it, and its notes."""

    profile: bytes
    notes: list[TimeNote]


def read_bundle(path: str, limits: Limits) -> Bundled:
    """What is in a bundle. Raises Malformed, TooLarge and OSError."""
    try:
        with open(path, "rb") as file:
            _check_directory(file)
            with zipfile.ZipFile(file) as archive:
                _check_schema(_member(archive, MANIFEST, LARGEST_MANIFEST))
                notes = _member(archive, NOTES, LARGEST) if NOTES in archive.namelist() else b""
                return Bundled(_member(archive, PROFILE, limits.size), parse_notes(notes)[0])
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        struct.error,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        if isinstance(error, Malformed | TooLarge):
            raise
        raise Malformed(f"its zip data is damaged: {error}") from None


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a table of contents that a bundle cannot have, before anything makes a list of it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - END_OF_ZIP.size - LONGEST_COMMENT, 0))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END_OF_ZIP.size:
        raise Malformed("its zip data is cut off")
    *_, directory, _, _ = END_OF_ZIP.unpack_from(tail, at)
    if directory > LARGEST_DIRECTORY:
        raise Malformed("it is a zip file, but no bundle of icetop")
    file.seek(0)


def _check_schema(manifest: bytes) -> None:
    try:
        schema = json.loads(manifest)["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Malformed("it is a zip file, but no bundle of icetop") from None
    if not isinstance(schema, int) or schema > SCHEMA:
        raise Malformed(f"it is a bundle of a later icetop (schema {str(schema)[:20]}, this one knows {SCHEMA})")


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """A file of the bundle, whatever size it claims to have."""
    try:
        stream = archive.open(name)
    except KeyError:
        raise Malformed(f"it is a zip file, but no bundle of icetop: it has no {name}") from None
    content = bytearray()
    with stream:
        while chunk := stream.read(CHUNK):
            content += chunk
            if len(content) > largest:
                raise TooLarge(f"its {name} holds more than {largest:,} bytes")
    return bytes(content)
