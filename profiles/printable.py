"""Making text that came from a target safe to show: nothing in it can move the cursor, colour or reorder."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # direction marks and overrides, zero width, line separators
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"  # lone surrogates, annotations, tags
)
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e"}


def printable(text: str, limit: int = 4096) -> str:
    """The text with control, direction and line-separating characters as visible escapes, such as `\\e` or `\\u202e`.

    At most `limit` characters of the original are kept; `…` says that there were more.
    """
    cut = text[:limit]
    if not cut.isascii() or not cut.isprintable():
        cut = _UNSAFE.sub(_escape, cut)
    return cut + "…" if len(text) > limit else cut


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
