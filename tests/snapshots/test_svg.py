"""The picture of a profile: well-formed, true to the tree, and harmless whatever names are in it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import Baseline, Stretch, View
from icetop.snapshots import svg
from icetop.snapshots.formats import save
from icetop.snapshots.svg import TOP, WIDTH, encode_svg

from ..profile_maker import ProfileMaker, rich_profile

NAMESPACE = "{http://www.w3.org/2000/svg}"


def picture(profile: Profile) -> ElementTree.Element:
    return ElementTree.fromstring(encode_svg(profile, View()))


def boxes(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [group for group in root.iter(f"{NAMESPACE}g") if group.get("class", "").startswith("box")]


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name) or "nan")


def test_boxes_are_those_of_the_tree() -> None:
    profile = rich_profile(5)
    tree = build_call_tree(profile, View())
    drawn = boxes(picture(profile))
    wide = [box for box in range(len(tree)) if int(tree.cum[box]) * WIDTH >= svg.NARROWEST * tree.total]
    assert len(drawn) == len(wide) > 50
    for box, group in zip(wide, drawn, strict=True):
        assert number(group, "data-w") == pytest.approx(int(tree.cum[box]) / tree.total * WIDTH, abs=0.001)
        assert number(group, "data-row") == tree.depths[box]


def test_a_box_lies_under_its_caller_and_beside_its_siblings() -> None:
    rows: dict[int, list[tuple[float, float]]] = {}
    for group in boxes(picture(rich_profile(5))):
        x, width, row = number(group, "data-x"), number(group, "data-w"), int(number(group, "data-row"))
        beside = rows.setdefault(row, [])
        assert not beside or x >= beside[-1][1] - 0.001
        assert row == 0 or any(left - 0.001 <= x and x + width <= right + 0.001 for left, right in rows[row - 1])
        beside.append((x, x + width))


def test_it_can_be_read_without_javascript() -> None:
    root = picture(ProfileMaker().sample("main;work", 3).sample("main;rest", 1).tick())
    labels = [text.text for text in root.iter(f"{NAMESPACE}text")]
    assert {"all", "work", "rest"} <= set(labels)
    assert any("Total CPU time: 0.04s" in (label or "") for label in labels)
    titles = [title.text or "" for title in root.iter(f"{NAMESPACE}title")]
    assert any(title.startswith("work\n0.03s (75.0 %), itself 0.03s, 3 samples\n/src/work.c:10") for title in titles)
    work = next(group for group in boxes(root) if group.get("data-name") == "work")
    rect = next(work.iter(f"{NAMESPACE}rect"))
    assert (number(rect, "width"), number(rect, "y")) == (900, TOP + 3 * svg.ROW)


HOSTILE = [
    "<script>alert(1)</script>",
    "]]></script><script>alert(1)//",
    '"/><image href="x" onerror="alert(1)"/>',
    "' onclick='alert(1)",
    "</title></g></svg>",
    "&lt;b&gt; &#0; &amp;",
    "\x00\x01\x1b[31m\ud800\ufffe\uffff\U0010ffff\u202e",
    "javascript:alert(1)",
    "x" * 100_000,
]


def test_names_never_become_script(tmp_path: Path) -> None:
    maker = ProfileMaker()
    for name in HOSTILE:
        maker.sample("main;" + name.replace(";", ":").replace("^", ""), 5, process=name, title=name)
    profile = maker.tick()
    path = tmp_path / "x.svg"
    save(profile, str(path))
    content = path.read_bytes()
    root = ElementTree.fromstring(content)
    assert len(list(root.iter(f"{NAMESPACE}script"))) == 1
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} == {
        "svg",
        "style",
        "rect",
        "text",
        "g",
        "title",
        "script",
    }
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name for name in attributes)
    assert any(group.get("data-name") == HOSTILE[0] for group in boxes(root)), "the name is shown as it is"
    assert len(content) < 200_000
    shown = "".join(root.itertext())
    assert not any(ord(character) < 32 and character != "\n" for character in shown)
    assert encode_svg(profile, View()).count(b"<![CDATA[") == 1


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = encode_svg(rich_profile(2), View()).decode()
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in text and "@import" not in text


def test_the_number_of_boxes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "MOST_BOXES", 30)
    drawn = boxes(picture(rich_profile(5)))
    assert len(drawn) == 30
    assert {int(number(group, "data-row")) for group in drawn} >= {0, 1, 2}


def test_an_empty_profile_has_a_picture() -> None:
    assert len(boxes(picture(Profile()))) == 1


def test_json_is_the_report_with_all_stacks(tmp_path: Path) -> None:
    save(rich_profile(3), str(tmp_path / "x.json"))
    found = json.loads((tmp_path / "x.json").read_bytes())
    assert found["schema"] == 1 and sum(stack["samples"] for stack in found["stacks"]) == found["samples"]


def test_a_comparison_has_signs_and_colours_for_what_changed_beyond_noise(tmp_path: Path) -> None:
    maker = ProfileMaker()
    for second in range(60):
        later = second >= 30
        maker.sample("main;grows", 80 if later else 10).sample("main;shrinks", 5 if later else 75)
        maker.sample("main;stays", 15)
        maker.tick()
    line = maker.profile.timeline
    middle = (line.start_ns + line.end_ns) // 2
    view = View(stretch=Stretch(middle, None), baseline=Baseline(Stretch(None, middle)))
    drawn = {group.get("data-name"): group for group in boxes(ElementTree.fromstring(encode_svg(maker.profile, view)))}
    colours = {name: rect.get("fill") for name, group in drawn.items() for rect in group.iter(f"{NAMESPACE}rect")}
    assert colours["+ grows"] in svg.WORSE and colours["− shrinks"] in svg.BETTER and colours["stays"] in svg.SAME
    (title,) = drawn["+ grows"].iter(f"{NAMESPACE}title")
    assert "was 10.0 %, +70.0 points" in (title.text or "")
    rows: dict[str | None, list[tuple[float, float]]] = {}
    for group in drawn.values():
        rows.setdefault(group.get("data-row"), []).append((number(group, "data-x"), number(group, "data-w")))
    assert all(sum(width for _, width in found) <= WIDTH + 0.01 for found in rows.values())
