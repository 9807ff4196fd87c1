"""Names, figures, colours and other small decisions, each in a table."""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest
from icetop.profiles.locations import Frame
from icetop.profiles.printable import printable
from icetop.profiles.vocabulary import Language
from icetop.themes.palette import DEPTHS, THEMES, ThemeError, load_palette
from icetop.tui import figures
from icetop.tui.color_depth import color_depth, light_ground
from icetop.tui.labels import cells, fit, forms
from icetop.tui.packages import package_of
from icetop.tui.saving import snapshot_name
from icetop.tui.search import compile_search, exactly


@pytest.mark.parametrize(
    ("name", "shorter"),
    [
        ("std::vector<int, std::allocator<int> >::push_back(int const&)", ["std::vector::push_back", "push_back"]),
        ("void ns::Foo<A>::bar<B>(C, D) const", ["ns::Foo::bar", "bar"]),
        ("operator new(unsigned long)", ["operator new"]),
        ("Foo::operator()(int) const", ["Foo::operator()"]),
        ("Foo::operator<<(std::ostream&)", ["Foo::operator<<"]),
        ("Foo::operator->() const", ["Foo::operator->"]),
        ("a::(anonymous namespace)::b(int)", ["a::(anonymous)::b", "b"]),
        ("<alloc::vec::Vec<T> as core::ops::Drop>::drop::h0123456789abcdef", ["alloc::vec::Vec::drop", "drop"]),
        ("app::main::{{closure}}::h0123456789abcdef", ["app::main::{{closure}}", "main::{{closure}}"]),
        ("[libc.so.6+0x1234]", ["+0x1234"]),
        ("[truncated: too_deep]", []),
        ("do_syscall_64", []),
        ("(", []),
        ("a<b", ["a"]),
    ],
)
def test_native_names_lose_arguments_first_then_scopes(name: str, shorter: list[str]) -> None:
    found = forms(name, Language.NATIVE)
    assert found[0] == name
    assert all(form in found[1:] for form in shorter) and bool(shorter) == (len(found) > 1)


@pytest.mark.parametrize(
    ("name", "language", "shorter"),
    [
        ("encoding/json.(*decodeState).scanWhile", Language.GO,
         ("json.(*decodeState).scanWhile", "decodeState.scanWhile", "scanWhile")),
        ("example.org/x/y.Map[example.org/z.T].func1.2", Language.GO, ("y.Map.func1.2", "Map.func1.2")),
        ("main.main", Language.GO, ("main",)),
        ("_start", Language.GO, ()),
        ("Worker.<locals>.<lambda>", Language.PYTHON, ("Worker.<lambda>",)),
        ("shop.views.Search.get", Language.PYTHON, ("Search.get", "get")),
        ("<module>", Language.PYTHON, ()),
        ("java.util.HashMap.get", Language.JAVA, ("HashMap.get", "get")),
        ("...", Language.NODE, ()),
    ],
)  # fmt: skip
def test_names_of_other_languages_lose_packages_first(name: str, language: Language, shorter: tuple[str, ...]) -> None:
    assert forms(name, language) == (name, *shorter)


@pytest.mark.parametrize("width", range(40))
@pytest.mark.parametrize("name", ["std::map<int, 界面>::find(int)", "short", "e\u0301" * 30, "界" * 20, ""])
def test_a_label_never_takes_more_than_its_room(name: str, width: int) -> None:
    label = fit(name, Language.NATIVE, width)
    assert cells(label) <= width


def test_a_label_keeps_the_end_that_tells() -> None:
    name = "boost::asio::detail::epoll_reactor::run(long, op_queue<operation>&)"
    assert fit(name, Language.NATIVE, 20) == "epoll_reactor::run"
    assert fit(name, Language.NATIVE, 5) == "run"
    assert fit(name, Language.NATIVE, 100) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 界", "plain ünïcode 界"),
        ("\x1b[31mred\x1b[0m", "\\e[31mred\\e[0m"),
        ("a\tb\nc\rd\0e\x7f", "a\\tb\\nc\\rd\\x00e\\x7f"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("evil\u202egnp.exe\u2066", "evil\\u202egnp.exe\\u2066"),
        ("a\u2028b\u2029c\ufeff\u200b", "a\\u2028b\\u2029c\\ufeff\\u200b"),
        ("\udcff", "\\udcff"),
        ("[red]x[/red]", "[red]x[/red]"),
    ],
)
def test_printable_shows_what_would_act(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_printable_is_bounded() -> None:
    assert printable("x" * 100_000) == "x" * 4096 + "…"
    assert printable("x" * 10, 10) == "x" * 10
    assert printable("\x1b" * 100, 3) == "\\e\\e\\e…"


@pytest.mark.parametrize(
    ("frame", "package"),
    [
        (("f", "/srv/shop/views.py", "/usr/bin/python3", Language.PYTHON), "shop"),
        (("f", "/usr/lib/python3/dist-packages/flask/app.py", "/usr/bin/python3", Language.PYTHON), "flask"),
        (("f", "/venv/lib/python3.11/site-packages/six.py", "/usr/bin/python3", Language.PYTHON), "six"),
        (("f", "/usr/lib/python3.11/json/decoder.py", "/usr/bin/python3", Language.PYTHON), "python"),
        (("f", "<frozen importlib._bootstrap>", "/usr/bin/python3", Language.PYTHON), "python"),
        (("f", "/app/node_modules/@scope/x/node_modules/react-dom/s.js", "/usr/bin/node", Language.NODE), "react-dom"),
        (("f", "", "/usr/lib/libpq.so.5.15", Language.NATIVE), "libpq"),
        (("f", "", "/usr/lib/libstdc++.so.6.0.30", Language.NATIVE), "libstdc++"),
        (("encoding/json.(*d).x", "", "/usr/bin/app", Language.GO), "encoding/json"),
        (("main.main", "", "/usr/bin/app", Language.GO), "main"),
        (("a.b.c.Class.method", "", "[jit]", Language.JAVA), "a.b.c"),
        (("f", "", "", Language.JIT), ""),
    ],
)
def test_packages(frame: tuple[str, str, str, Language], package: str) -> None:
    name, file, binary, language = frame
    assert package_of(Frame(name, file, 1, binary, "", language)) == package


def test_figures() -> None:
    assert figures.scale_for("nanoseconds", 56_810_000_000).full(56_810_000_000) == "56.81 s"
    assert figures.scale_for("nanoseconds", 5_000_000).full(1_500_000) == "1.5 ms"
    assert figures.scale_for("nanoseconds", 2 * 10**15).symbol == "h"
    assert figures.scale_for("bytes", 3_000_000).full(1_500_000) == "1.50 MB"
    assert figures.scale_for("count", 12).full(7) == "7"
    assert figures.scale_for("nanoseconds", 0).text(0) == "0.0"
    assert [figures.percent(share) for share in (100, 99.96, 99.94, 0.04)] == ["100", "100", "99.9", "0.0"]
    assert [figures.length(s) for s in (5, 99, 300, 7200)] == ["5 s", "99 s", "5 min", "2.0 h"]
    assert [figures.stopwatch(s) for s in (-1, 42.9, 3723)] == ["00:00", "00:42", "1:02:03"]
    assert figures.clock(10**30) == ""


@pytest.mark.parametrize(
    ("wanted", "environ", "depth"),
    [
        ("256", {"NO_COLOR": "1"}, "256"),
        ("auto", {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "none"),
        ("auto", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ("auto", {"TERM": "xterm-kitty"}, "truecolor"),
        ("auto", {"TERM": "tmux-256color"}, "256"),
        ("auto", {"TERM": "xterm"}, "16"),
        ("auto", {"TERM": "linux"}, "16"),
        ("auto", {"TERM": "dumb"}, "none"),
        ("auto", {}, "none"),
        ("auto", {"TERM": "xterm", "NO_COLOR": ""}, "16"),
    ],
)
def test_color_depth(wanted: str, environ: dict[str, str], depth: str) -> None:
    assert color_depth(wanted, environ) == depth


def test_light_ground() -> None:
    assert light_ground({"COLORFGBG": "0;15"}) and not light_ground({"COLORFGBG": "15;0"}) and not light_ground({})


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("depth", DEPTHS)
def test_each_theme_keeps_to_the_colours_of_each_depth(theme: str, depth: str) -> None:
    palette = load_palette(theme, depth)
    shades = [shade for pair in (*palette.boxes, palette.all, palette.group, palette.kernel) for shade in pair]
    styles = [palette.ground, palette.faint, palette.key, palette.good, palette.bad, palette.search]
    styles += [style for shade in (*shades, palette.cursor, palette.lit) for style in (shade.label, shade.edge)]
    allowed = {
        "truecolor": r"38;2;[\d;]+|39",
        "256": r"38;5;\d+|39",
        "16": r"3\d|9\d",
        "none": r"39",
    }[depth]
    for colour in (colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None):
        assert re.fullmatch(allowed, ";".join(colour.get_ansi_codes(True))), (theme, depth, colour)
    assert palette.hue("flask") < len(palette.boxes)
    if len(palette.boxes) == 12:
        assert [palette.hue(name) for name in ("flask", "libc", "kernel")] == [9, 1, 4], "the same in every run"


def test_backgrounds_in_16_colours_are_ones_that_the_linux_console_has() -> None:
    for theme in THEMES:
        palette = load_palette(theme, "16")
        numbers = {shade.label.bgcolor.number for pair in palette.boxes for shade in pair if shade.label.bgcolor}
        assert numbers <= set(range(8))


def test_a_theme_of_ones_own(tmp_path: Path) -> None:
    text = files("icetop.themes").joinpath("dark.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(text.replace('search = "#e3b341 on #0f1419"', 'search = "#ff00ff on #0f1419"'))
    assert load_palette(str(own), "truecolor").search.color.name == "#ff00ff"
    for broken in ("", "[truecolor]\nground = 3", "[[[", '[truecolor]\nground = "no such colour"'):
        own.write_text(broken)
        load_palette.cache_clear()
        with pytest.raises(ThemeError, match=re.escape(str(own))):
            load_palette(str(own), "truecolor")
    with pytest.raises(ThemeError):
        load_palette(str(tmp_path / "absent.toml"), "16")


def test_snapshot_names_are_safe_file_names() -> None:
    moment = datetime(2026, 11, 21, 14, 3, 12)
    assert snapshot_name("web-3", moment) == "icetop-web-3-20261121-140312.pb.gz"
    assert snapshot_name("../../etc/x\x1b", moment) == "icetop-etc-x-20261121-140312.pb.gz"
    assert snapshot_name("", moment) == "icetop-20261121-140312.pb.gz"


def test_what_is_no_regular_expression_is_searched_as_it_stands() -> None:
    assert compile_search("a.c").search("xABCx")
    assert compile_search("operator()(").search("Foo::operator()(int)")
    assert compile_search("foo(").search("foo(") and not compile_search("foo(").search("foo")
    assert compile_search(exactly("a.c")).search("a.c") and not compile_search(exactly("a.c")).search("abc")
    assert compile_search("a{99999999999}").search("A{99999999999}")


def test_no_search_takes_for_ever() -> None:
    name = "ExecInterpExprStillValid" * 10
    assert not any(compile_search(text).search(name) for text in (r"(\w+)+!", r"((a|\w)*)*!", r"(\w+){9,}!"))
