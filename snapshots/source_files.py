"""The language of a function by the ending of its source file, for files that do not tell."""

from __future__ import annotations

from ..profiles.vocabulary import Language

SOURCES = {
    "go": Language.GO,
    "py": Language.PYTHON,
    "java": Language.JAVA,
    "kt": Language.JAVA,
    "js": Language.NODE,
    "mjs": Language.NODE,
    "ts": Language.NODE,
}


def language_by_ending(file: str) -> Language | None:
    """The language, None where the ending says none."""
    return SOURCES.get(file.rpartition(".")[2])
