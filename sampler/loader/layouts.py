"""Struct layouts as bcc reports them: turned into ctypes, so that Python never restates what C says."""

from __future__ import annotations

import ctypes
from typing import Any

SCALARS: dict[str, type[Any]] = {
    "char": ctypes.c_char,
    "signed char": ctypes.c_byte,
    "unsigned char": ctypes.c_ubyte,
    "_Bool": ctypes.c_bool,
    "bool": ctypes.c_bool,
    "short": ctypes.c_short,
    "unsigned short": ctypes.c_ushort,
    "int": ctypes.c_int,
    "unsigned int": ctypes.c_uint,
    "long": ctypes.c_long,
    "unsigned long": ctypes.c_ulong,
    "long long": ctypes.c_longlong,
    "unsigned long long": ctypes.c_ulonglong,
}

KNOWN_STRUCTS: tuple[list[str], ...] = ([], ["struct"], ["struct_packed"])


class UnknownLayout(Exception):
    """A description that names a type this module does not know."""


def layout(description: object) -> type[Any]:
    """The ctypes type of a bcc type description: a scalar's name, or [name, [[field, type, extra?], ...], how].

    `how` is "struct" or, in newer bcc, "struct_packed": then padding is listed as fields of its own.
    A field's extra is [length] for an array. Raises UnknownLayout for anything else.
    """
    if isinstance(description, str):
        if description not in SCALARS:
            raise UnknownLayout(f"type {description!r}")
        return SCALARS[description]
    if not isinstance(description, list) or len(description) < 2 or description[2:] not in KNOWN_STRUCTS:
        raise UnknownLayout(f"description {str(description)[:80]!r}")
    members: dict[str, Any] = {"_fields_": [_field(field) for field in description[1]]}
    if description[2:] == ["struct_packed"]:
        members = {"_pack_": 1, "_layout_": "ms", **members}
    return type(str(description[0]), (ctypes.Structure,), members)


def _field(field: list[Any]) -> tuple[str, type[Any]]:
    name, kind, *extra = field
    member = layout(kind)
    if not extra:
        return name, member
    if len(extra) == 1 and isinstance(extra[0], list) and len(extra[0]) == 1:
        return name, member * int(extra[0][0])
    raise UnknownLayout(f"field {name!r} with {extra!r}")
