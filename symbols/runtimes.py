"""Which run-time a process has, by what it maps: whose language the code is that it makes while it runs."""

from __future__ import annotations

import re

from ..profiles.vocabulary import Language
from .mappings import AddressSpace

_JAVA = re.compile(r"/libjvm\.so$")
_NODE = re.compile(r"/(?:node(?:js)?[\d.]*|electron|deno|libnode\.so[\d.]*)$")


def language_of_generated_code(space: AddressSpace) -> Language:
    """The language of code that a process makes at run time; `jit` where it is not known."""
    paths = {mapping.path for mapping in space.mappings if mapping.has_file}
    if any(map(_JAVA.search, paths)):
        return Language.JAVA
    return Language.NODE if any(map(_NODE.search, paths)) else Language.JIT
