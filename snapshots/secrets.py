"""Masking what looks like a secret in the titles and command lines that go into a bundle.

A title holds no option's value to begin with; this is the second line, for what processes write as their title, and for
the command that was recorded.
"""

from __future__ import annotations

import re

MASK = "•••"
_WORD = r"(?:passw(?:or)?d|pwd|secret|token|credential|(?:api|access|private)[-_]?key)[\w-]{0,40}"
_PATTERNS = (
    (re.compile(rf"(?i)({_WORD}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(-[\w-]{{0,40}}{_WORD}\s+)(?!-)(\"[^\"]*\"|'[^']*'|\S+)"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b((?:authorization:\s*)?(?:bearer|basic)\s+)[\w.~+/=-]{6,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)[^/\s@:]{0,200}:[^/\s@]{0,200}@"), rf"\1{MASK}@"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_)[\w-]{16,}"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (re.compile(r"(?<![\w/.-])(?=[\w+/=-]*[0-9])(?=[\w+/=-]*[A-Za-z])[\w+=-]{40,}(?![\w/.])"), MASK),
)
LONGEST = 2000


def masked(text: str) -> str:
    """The text with what looks like a password, a key or a token put out of sight; cut to 2,000 characters."""
    text = text[:LONGEST]
    for pattern, by in _PATTERNS:
        text = pattern.sub(by, text)
    return text
