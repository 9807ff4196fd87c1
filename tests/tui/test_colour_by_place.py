"""Colours of the graph that stand for containers and pods."""

from __future__ import annotations

from icetop.profiles.series import Series
from icetop.profiles.view import View
from icetop.tests.profile_maker import ProfileMaker
from icetop.themes.glyphs import UNICODE
from icetop.tui.choices import Tint
from icetop.tui.icicle_brush import Brush
from icetop.tui.icicle_layout import Placed
from icetop.tui.look import make_look
from icetop.tui.picture import Camera


def shades(tint: Tint) -> list[object]:
    """Of the deepest box of four processes: two of one pod, one of another, one of none; all of one package."""
    maker = ProfileMaker()
    for pid, pod, container in ((1, "web-1", "app"), (2, "web-1", "log"), (3, "web-2", "app")):
        maker.sample("main;work", 9 - pid, Series(pid, 1, pid, "w"), container=container, pod=pod, namespace="shop")
    maker.sample("main;work", 1, Series(4, 1, 4, "w")).tick()
    look = make_look("dark", "truecolor", UNICODE)
    picture = Camera().take(maker.profile, View())
    brush, tree = Brush(look, picture, None, tint), picture.tree
    boxes = sorted((box for box in range(len(tree)) if tree.name(box) == "work"), key=lambda box: -int(tree.cum[box]))
    return [brush._shade(Placed(box, 0, 9), cursor=False) for box in boxes]


def test_boxes_of_one_container_or_pod_have_one_colour() -> None:
    assert len(set(shades("package"))) == 1
    assert len(set(shades("container"))) == 4
    first, second, third, outside = shades("pod")
    assert first == second
    assert len({first, third, outside}) == 3
