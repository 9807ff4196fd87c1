"""Saved pictures in a real Chromium, and saved profiles in speedscope's own viewer, by mouse and keyboard."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.view import Baseline, Stretch, View
from icetop.snapshots.formats import save
from icetop.snapshots.svg import WIDTH, encode_svg

from ..profile_maker import SECOND, START, ProfileMaker, rich_profile
from .browser import Browser, chromium
from .test_svg import HOSTILE

pytestmark = pytest.mark.soak

NAMES_SHOWN = "Array.from(document.querySelectorAll('g.box:not(.away)'), box => box.dataset.name)"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("Chromium is not installed (ICETOP_TEST_CHROMIUM names it elsewhere)")
    opened = Browser(program, tmp_path / "browser")
    yield opened
    opened.close()


def drawn_width(browser: Browser, name: str) -> float:
    """How wide the box of a function is on the screen."""
    return float(browser.says(f"document.querySelector({json.dumps(box(name))}).getBoundingClientRect().width"))


def box(name: str) -> str:
    return f'g.box[data-name="{name}"] rect'


def test_a_picture_is_zoomed_and_searched(browser: Browser, tmp_path: Path) -> None:
    maker = ProfileMaker().sample("main;serve;search", 60).sample("main;serve;render", 20).sample("main;idle", 20)
    (tmp_path / "x.svg").write_bytes(encode_svg(maker.tick(), View()))
    browser.open(tmp_path / "x.svg")
    assert drawn_width(browser, "serve") == pytest.approx(0.8 * WIDTH, abs=2)
    browser.picture(tmp_path / "whole.png")

    browser.click(box("serve"))
    assert drawn_width(browser, "serve") == pytest.approx(WIDTH, abs=2)
    assert drawn_width(browser, "search") == pytest.approx(0.75 * WIDTH, abs=2)
    assert "idle" not in browser.says(NAMES_SHOWN)
    assert browser.says("document.getElementById('details').textContent").startswith("serve")

    browser.answers = ["sea.ch|render"]
    browser.click("#search")
    assert browser.says("document.getElementById('found').textContent") == "/sea.ch|render/ 100.0 %"
    assert browser.says("document.querySelectorAll('.found').length") == 2
    colour = f"getComputedStyle(document.querySelector({json.dumps(box('search'))})).fill"
    assert browser.says(colour) == "rgb(255, 223, 93)"
    browser.picture(tmp_path / "found.png")

    browser.click("#out")
    assert "idle" in browser.says(NAMES_SHOWN)
    assert browser.says("document.getElementById('found').textContent") == "/sea.ch|render/ 80.0 %"
    browser.click("#clear")
    assert browser.says("document.querySelectorAll('.found').length") == 0
    browser.answers = ["("]
    browser.press("/", "Slash", 191)
    assert browser.says("document.getElementById('found').textContent") == "not a regular expression"
    assert len(browser.asked) == 2


def test_a_picture_of_a_comparison_looks_right(browser: Browser, tmp_path: Path) -> None:
    maker = ProfileMaker()
    for second in range(60):
        grown = 70 if second >= 30 else 10
        maker.sample("main;grows", grown).sample("main;shrinks", 80 - grown).sample("main;stays", 20).tick()
    middle = START + 30 * SECOND
    view = View(stretch=Stretch(middle, None), baseline=Baseline(Stretch(None, middle)))
    (tmp_path / "diff.svg").write_bytes(encode_svg(maker.profile, view))
    browser.open(tmp_path / "diff.svg")
    browser.picture(tmp_path / "diff.png")
    names = browser.says(NAMES_SHOWN)
    assert {"+ grows", "− shrinks", "stays"} <= set(names)
    browser.click(box("+ grows"))
    assert "points" in browser.says("document.querySelector('g.box[data-name=\"+ grows\"] title').textContent")
    assert drawn_width(browser, "+ grows") == pytest.approx(WIDTH, abs=2)


def test_no_name_is_ever_run(browser: Browser, tmp_path: Path) -> None:
    attacks = [
        *HOSTILE,
        "<img src=x onerror=alert(1)>",
        '"onmouseover="alert(1)',
        "${alert(1)}",
        "');alert(1);('",
        "<svg onload=alert(1)>",
        "]]>&lt;script&gt;alert(1)&lt;/script&gt;",
    ]
    maker = ProfileMaker()
    for name in attacks:
        maker.sample("main;" + name.replace(";", ":").replace("^", ""), 5, process=name, title=name)
    save(maker.tick(), str(tmp_path / "hostile.svg"))
    browser.open(tmp_path / "hostile.svg")
    assert browser.says("document.querySelectorAll('script').length") == 1
    number = browser.says("document.querySelectorAll('g.box').length")
    assert number > len(attacks)
    browser.picture(tmp_path / "hostile.png")
    for place in range(number):
        browser.says(f"document.querySelectorAll('g.box')[{place}].setAttribute('id', 'box{place}')")
        browser.click(f"#box{place} rect")
        browser.press("Escape", "Escape", 27)
    browser.answers = ["alert"]
    browser.click("#search")
    assert browser.says("document.querySelectorAll('.found').length") > 5
    assert browser.asked == ["Functions to look for (a regular expression):"], "no name opened a dialog"


def speedscope_folder() -> Path:
    """speedscope's viewer, as its npm package has it."""
    named = os.environ.get("ICETOP_TEST_SPEEDSCOPE")
    folders = (
        [Path(named)] if named else [Path(f"{root}/node_modules/speedscope") for root in ("/usr/local/lib", "/usr/lib")]
    )
    for folder in folders:
        if (folder / "dist/release/index.html").exists():
            return folder / "dist/release"
    pytest.skip("speedscope is not installed (npm install speedscope; ICETOP_TEST_SPEEDSCOPE names its folder)")


def load(browser: Browser, viewer: Path, profile: Profile, folder: Path) -> None:
    """Open a profile in the viewer, as speedscope's own command does it."""
    path, script = folder / "x.speedscope.json", folder / "profile.js"
    save(profile, str(path))
    packed = base64.b64encode(path.read_bytes()).decode()
    script.write_text(f'speedscope.loadFileFromBase64("{path.name}", "{packed}")')
    browser.open(f"{(viewer / 'index.html').as_uri()}#localProfilePath={script}")
    browser.awaits("document.title.includes('icetop')")


def test_speedscope_shows_the_same(browser: Browser, tmp_path: Path) -> None:
    viewer = speedscope_folder()
    profile = (
        ProfileMaker().sample("main;serve;search", 60).sample("main;serve;render", 20).sample("main;idle", 20).tick()
    )
    load(browser, viewer, profile, tmp_path)
    browser.press("3", "Digit3", 51)
    text = browser.awaits("document.body.innerText.includes('search') && document.body.innerText")
    browser.picture(tmp_path / "speedscope.png")
    told = {row.frame.name: row for row in build_report(profile, View(kind="cpu")).functions}
    for name in ("search", "render", "idle"):
        percents = re.search(rf"\(([\d.]+)%\)\s+[^\n]*\(([\d.]+)%\)\s+{name}\b", text)
        assert percents is not None, text
        assert float(percents[1]) == pytest.approx(told[name].flat_percent, abs=1)


def test_speedscope_takes_a_hostile_file(browser: Browser, tmp_path: Path) -> None:
    viewer = speedscope_folder()
    load(browser, viewer, rich_profile(3), tmp_path)
    assert browser.asked == []
