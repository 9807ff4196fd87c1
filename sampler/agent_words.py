"""The words after a command that starts a collector elsewhere.

A remote shell stands between some commands and the collector (ssh) and none between others (kubectl exec). Words that
mean something to a shell are therefore sent as one word of letters and digits, which both hand on as it is.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Sequence

OPTION = "--words"
LONGEST = 1 << 16


def safe_words(words: Sequence[str]) -> list[str]:
    """The same words, or `--words` and one that stands for them."""
    if all(shlex.quote(word) == word for word in words):
        return list(words)
    return [OPTION, base64.urlsafe_b64encode(json.dumps(list(words)).encode()).decode().rstrip("=")]


def plain_words(words: Sequence[str]) -> list[str]:
    """The words that `safe_words` was given. Raises ValueError for what it never made."""
    if len(words) < 2 or words[-2] != OPTION:
        return list(words)
    text = words[-1]
    if len(text) > LONGEST:
        raise ValueError(f"{OPTION} is too long")
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        raise ValueError(f"{OPTION} is damaged") from None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError(f"{OPTION} is damaged")
    return [*words[:-2], *found]
