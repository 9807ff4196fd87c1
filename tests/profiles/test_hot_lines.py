"""Which lines of a function take the time."""

from __future__ import annotations

from icetop.profiles.hot_lines import HotLine, hot_lines
from icetop.profiles.locations import Line, Location, frames_of
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.tests.profile_maker import MAIN, PERIOD, ProfileMaker


def at(line: int, function: str = "f") -> Location:
    return Location(Language.PYTHON, "/bin/python", "", 100 + line, (Line(function, f"/app/{function}.py", line, 1),))


def test_lines_of_a_function_by_what_runs_in_and_below_them() -> None:
    maker = ProfileMaker()
    who = maker.who(MAIN)
    maker.add(maker.node_of([at(3, "main"), at(7)]), who, 5)
    maker.add(maker.node_of([at(3, "main"), at(9), at(2, "g")]), who, 2)
    maker.add(maker.node_of([at(3, "main"), at(9), at(7)]), who, 1)
    maker.add(maker.node_of([at(4, "main")]), who, 9)
    profile = maker.tick()
    frame = frames_of(at(7))[0]
    assert hot_lines(profile, View(), frame) == [
        HotLine("/app/f.py", 7, 6 * PERIOD),
        HotLine("/app/f.py", 9, 2 * PERIOD),
    ]
    assert hot_lines(profile, View(), frames_of(Location(Language.NATIVE, "/b", "", 1))[0]) == []
