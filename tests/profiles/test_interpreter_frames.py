"""Frames of a Python interpreter: left out where what it runs is known, and there when asked for."""

from __future__ import annotations

import pytest
from icetop.profiles.locations import Frame
from icetop.profiles.tree_builder import hidden_frames
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language

PYTHON = Frame("shop.views.search", "/srv/shop/views.py", 48, "", "", Language.PYTHON)
INTERPRETER = [
    Frame("list_sort", "", 0, binary, "", Language.NATIVE)
    for binary in (
        *("/usr/bin/python3.11", "/usr/bin/python3", "/usr/lib/x86_64-linux-gnu/libpython3.12.so.1.0"),
        *("/opt/conda/bin/python3.13t", "/usr/lib/libpython3.8d.so"),
    )
]
LOOP = Frame("_PyEval_EvalFrameDefault", "", 0, "/usr/bin/uwsgi", "", Language.NATIVE)
OTHERS = [
    Frame("scan", "", 0, "/usr/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so", "", Language.NATIVE),
    Frame("recv", "", 0, "/lib/x86_64-linux-gnu/libc.so.6", "", Language.NATIVE),
    Frame("burn", "", 0, "/srv/pythonlike", "", Language.NATIVE),
    Frame("tcp_recvmsg", "", 0, "[kernel]", "", Language.KERNEL),
]


@pytest.mark.parametrize("frame", [*INTERPRETER, LOOP])
def test_the_interpreter_is_left_out_unless_asked_for(frame: Frame) -> None:
    assert hidden_frames([PYTHON, frame], View()).tolist() == [False, True]
    assert not hidden_frames([PYTHON, frame], View(interpreter=True)).any()


@pytest.mark.parametrize("frame", [PYTHON, *OTHERS])
def test_what_it_calls_and_runs_is_not(frame: Frame) -> None:
    assert not hidden_frames([PYTHON, frame], View()).any()


def test_without_any_python_functions_the_interpreter_is_all_there_is() -> None:
    assert not hidden_frames([*INTERPRETER, LOOP], View()).any()


def test_functions_of_one_name_in_two_files_are_two() -> None:
    assert PYTHON.place == "/srv/shop/views.py" and INTERPRETER[0].place == "/usr/bin/python3.11"
