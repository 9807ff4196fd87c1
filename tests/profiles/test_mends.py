"""What lacks something says what to do about it."""

from __future__ import annotations

import pytest
from icetop.profiles.locations import Line, Location, frames_of, generated_binary, is_generated
from icetop.profiles.mends import JAVA_FRAMES, JAVA_NAMES, NODE_NAMES, mend_of_end, mend_of_frame
from icetop.profiles.vocabulary import Language, StackEnd


@pytest.mark.parametrize(
    ("language", "label", "mend"),
    [
        (Language.NODE, "[node JIT]", NODE_NAMES),
        (Language.JAVA, "[java JIT]", JAVA_NAMES),
        (Language.JIT, "[JIT]", ""),
    ],
)
def test_code_made_at_run_time(language: Language, label: str, mend: str) -> None:
    """All of it that has no name is one function, wherever it lies."""
    binary = generated_binary(language)
    assert is_generated(binary)
    frames = {frames_of(Location(language, binary, "", address))[0] for address in (0x1000, 0x2000)}
    assert [(frame.name, frame.named, mend_of_frame(frame)) for frame in frames] == [(label, False, mend)]
    named = frames_of(Location(language, binary, "", 0x1000, (Line("serve"),)))[0]
    assert mend_of_frame(named) == ""


def test_other_binaries_are_not_taken_for_it() -> None:
    for binary in ("[kernel]", "[vdso]", "[unknown]", "/srv/JIT]", "/usr/bin/node", ""):
        assert not is_generated(binary)


def test_ends_of_stacks() -> None:
    assert {end: mend_of_end(end) for end in StackEnd if mend_of_end(end)} == {
        StackEnd.JIT_NO_FRAME_POINTER: JAVA_FRAMES
    }
