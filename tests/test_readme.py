"""The README and the pages of docs/ say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from icetop.cli.main import cli
from icetop.tui.keys import markdown

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
OF_OTHERS = {"--all", "--call-graph", "--perf-basic-prof", "--interpreted-frames-native-stack"}
"""Options of other programs that the README mentions."""


def test_the_keys_are_those_of_the_key_table() -> None:
    assert markdown().strip() in README, "put what icetop.tui.keys.markdown() gives into README.md"


def test_every_command_is_in_it_and_no_other() -> None:
    visible = {name for name, command in cli.commands.items() if not command.hidden}
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    shown = set(re.findall(r"^icetop ([a-z]+) ", blocks, re.MULTILINE))
    assert shown == visible


def test_every_option_in_it_exists() -> None:
    known = {name for command in cli.commands.values() for option in command.params for name in option.opts}
    assert set(OPTION.findall(README)) - known - OF_OTHERS - {"--help"} == set()


@pytest.mark.parametrize(
    "page", [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_to_files(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert "://" in link or (page.parent / link).exists(), link


def test_paths_of_the_architecture_page_exist() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text()
    for path in re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.[a-z.]+)?)`", page):
        assert (PROJECT / path).exists(), path
