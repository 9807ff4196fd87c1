from __future__ import annotations

import base64
import shlex
import subprocess

import pytest
from icetop.sampler.agent_words import OPTION, plain_words, safe_words

UGLY = ["-F", "99", "--comm", "my app", "--", "sh", "-c", "sleep 1; touch /tmp/x $(id) 'ü' \"", "", "*", "~"]


def test_plain_words_stay_as_they_are() -> None:
    assert safe_words(["-p", "1,2", "--kind", "cpu"]) == ["-p", "1,2", "--kind", "cpu"]
    assert plain_words(["-p", "1,2"]) == ["-p", "1,2"]


def test_other_words_go_through_a_shell_unchanged() -> None:
    """As ssh does it: the words with blanks between them, read by a shell."""
    sent = " ".join(["printf", "'%s\\n'", *safe_words(UGLY)])
    seen = subprocess.run(["sh", "-c", sent], capture_output=True, text=True, check=True).stdout.splitlines()
    assert plain_words(seen) == UGLY
    assert all(shlex.quote(word) == word for word in safe_words(UGLY))


@pytest.mark.parametrize(
    "text", ["", "x", "é", "=" * 9, base64.b64encode(b"[1]").decode(), "A" * 100_000, "W" * 60_000]
)
def test_damaged_words_are_said(text: str) -> None:
    with pytest.raises(ValueError, match=OPTION):
        plain_words([OPTION, text])
