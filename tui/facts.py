"""What there is to say of a box, of a function, and of the whole stack of a box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..profiles.locations import Frame
from ..profiles.mends import mend_of_end, mend_of_frame
from ..profiles.printable import printable
from ..profiles.vocabulary import StackEnd
from ..themes.glyphs import ASCII
from .comparing import delta_text, sign_of
from .details import Facts
from .figures import percent, scale_for
from .picture import Picture

if TYPE_CHECKING:
    from ..profiles.change import FunctionChange
    from ..profiles.top_table import TopRow


def box_facts(picture: Picture, box: int) -> Facts:
    """The facts of one box of the tree."""
    tree = picture.tree
    scale = scale_for(picture.unit, tree.total)
    frame = tree.frame(box)
    share = 100 / tree.total if tree.total else 0.0
    flat, cum = int(tree.flat[box]), int(tree.cum[box])
    return Facts(
        name=tree.name(box),
        place=place_of_frame(frame) if frame else "",
        binary=frame.binary if frame else "",
        language=frame.language.value if frame else "",
        flat=scale.full(flat),
        flat_percent=flat * share,
        cum=scale.full(cum),
        cum_percent=cum * share,
        more=_more(picture, box),
        **_changes(picture, tree.change.of_boxes(tree.flat, tree.cum, [box])[0] if tree.change else None, cum),
    )


def _changes(picture: Picture, change: FunctionChange | None, cum: int) -> dict[str, Any]:
    """What a comparison adds to facts."""
    if change is None:
        return {}
    part = change.cum
    sign = {"": "", "+": "new ", "-": "gone "}.get(sign_of(part, cum, ASCII), "")
    sign = sign or ("" if not part.step else "worse " if part.step > 0 else "better ")
    measure = picture.view.measure
    unit = " pts" if measure == "points" else ""
    noise = "" if part.step else " (noise)"
    return {
        "was": f"was {percent(part.was_percent)} %",
        "change": f"{sign}{delta_text(part, measure, picture, in_full=True)}{unit}{noise}",
        "step": part.step,
    }


def _more(picture: Picture, box: int) -> str:
    """The mend for what a box lacks, the pid of a process."""
    from ..profiles.call_tree import END  # with it comes numpy, which the first screen does not need

    tree = picture.tree
    frame, group = tree.frame(box), tree.group(box)
    if frame is not None:
        return mend_of_frame(frame)
    if tree.what[box] == END:
        return mend_of_end(StackEnd(int(tree.refs[box])))
    thread = f", thread {group.tid}" if group is not None and group.tid else ""
    return f"pid {group.pid}{thread}" if group is not None and group.pid else ""


def function_facts(picture: Picture, row: TopRow) -> Facts:
    """The facts of one row of the table."""
    scale, frame = scale_for(picture.unit, picture.tree.total), row.frame
    return Facts(
        name=frame.name,
        place=place_of_frame(frame),
        binary=frame.binary,
        language=frame.language.value,
        flat=scale.full(row.flat),
        flat_percent=row.flat_percent,
        cum=scale.full(row.cum),
        cum_percent=row.cum_percent,
        **_changes(picture, row.change, row.cum),
        more=mend_of_frame(frame),
    )


def place_of_frame(frame: Frame) -> str:
    """File and line where a frame's function is defined; empty where unknown."""
    return f"{frame.file}:{frame.line}" if frame.file and frame.line else frame.file


def stack_lines(picture: Picture, box: int) -> list[tuple[str, str]]:
    """The whole stack of a box, from `all` down: (share, name, place and binary)."""
    tree, lines = picture.tree, []
    for place in (*tree.ancestors(box), box):
        frame = tree.frame(place)
        where = printable(place_of_frame(frame) or frame.binary, 400) if frame else ""
        share = f"{percent(100 * int(tree.cum[place]) / tree.total)} %" if tree.total else "-"
        lines.append((share, "   ".join(filter(None, (printable(tree.name(place)), where)))))
    return lines
