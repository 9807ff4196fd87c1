"""Call trees written down by hand, for tests of what draws them."""

from __future__ import annotations

from icetop.profiles.delta import Context, Counts, Delta
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.tui.picture import Camera, Picture

SECOND = 1_000_000_000


def profile_of(stacks: dict[str, int], language: Language = Language.NATIVE, comm: str = "app") -> Profile:
    """A profile of one process; a stack is written `main;work;read`, root first, its value in nanoseconds."""
    names = list(dict.fromkeys(name for stack in stacks for name in stack.split(";")))
    locations = [Location(language, "/usr/bin/app", "b", place, (Line(name),)) for place, name in enumerate(names)]
    nodes: dict[tuple[int, int], int] = {}
    counts = Counts()
    for stack, value in stacks.items():
        node = 0
        for name in stack.split(";"):
            node = nodes.setdefault((node, names.index(name)), ROOTS + len(nodes))
        counts.add(node, 0, 1, value)
    profile = Profile(Context("host", "6.1", 2, 0, 99))
    series = [Series(7, 1, 7, comm)]
    profile.fold(
        Delta(
            0,
            SECOND,
            locations=locations,
            nodes=list(nodes),
            series=series,
            counts={"cpu": counts},
            expected=len(stacks),
        )
    )
    return profile


def picture_of(stacks: dict[str, int], view: View | None = None, language: Language = Language.NATIVE) -> Picture:
    """The picture of such a profile."""
    return Camera().take(profile_of(stacks, language), view or View())


def box_named(picture: Picture, name: str) -> int:
    """The first box of that name."""
    return next(box for box in range(len(picture.tree)) if picture.tree.name(box) == name)
