"""What a process is called and what it runs, read off its command line: pure functions over argv.

A title names a script, module, jar, class or application. It never holds an option's value or code given on the command
line, since those carry passwords; the few options that name an application are listed in `launchers`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from ..profiles.printable import printable
from .launchers import LAUNCHERS, SERVERS, Launcher, Server

LONGEST = 120
"""Names and titles are cut to this many characters."""

_VERSIONED = re.compile(r"^(python|pypy|perl|ruby|php|lua|node|java)[0-9.]*[a-z]?$")
_APPLICATION = re.compile(r"^[A-Za-z_][\w.$-]*(/[\w.-]+)*(:[A-Za-z_][\w.]*(\(\))?)?$", re.ASCII)
_WRITTEN_TITLE = re.compile(r"^([\w./+@-]+): +(\S.*)$", re.DOTALL)
_NO_SERVICE = re.compile(
    r"^((docker|crio|cri-containerd|libpod)-([a-z]+-)?[0-9a-f]{64}|session-|init\.scope$|user@|run-[ru])"
)
_UNIT_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


def name_and_title(argv: Sequence[str], comm: str, exe: str = "", cgroup: str = "") -> tuple[str, str]:
    """The name and the title (may be empty) of a process.

    `comm` stands in where the command line is empty; the systemd unit in `cgroup` where it gives no title.
    Both are printable and at most `LONGEST` characters.
    """
    arguments, written = _split_written(argv, exe)
    name = _base(arguments[0]).lstrip("-") if arguments else ""
    title = written if written is not None else command_title(arguments)
    name = clean(name) or clean(comm)
    title = clean(title) or clean(unit_title(cgroup))
    return name, "" if title in (name, f"{name}.service") else title.removeprefix(f"{name} ")


def clean(text: str) -> str:
    """The text as `printable` gives it, cut to `LONGEST` characters."""
    text = printable(text[: 4 * LONGEST].strip())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def command_title(arguments: Sequence[str]) -> str:
    """What a command line runs: `app.py`, `http.server`, `x.jar`, `gunicorn shop.wsgi`; empty where unknown."""
    if not arguments:
        return ""
    program = _program(arguments[0])
    if program in SERVERS:
        return _server_application(SERVERS[program], arguments[1:])
    launcher = LAUNCHERS.get(program)
    return _launched(launcher, arguments[1:]) if launcher else ""


def unit_title(cgroup: str) -> str:
    """The systemd unit of a control group's path (`nginx.service`); empty for sessions, containers and none."""
    for part in reversed(cgroup.split("/")):
        if part.endswith((".service", ".scope")) and not _NO_SERVICE.match(part):
            return _UNIT_ESCAPE.sub(lambda found: chr(int(found[1], 16)), part)
    return ""


def _split_written(argv: Sequence[str], exe: str) -> tuple[list[str], str | None]:
    """The arguments, and the title where the program wrote its own over them (`postgres: shop SELECT`)."""
    arguments = [argument for argument in argv[:1] if argument.strip()] + list(argv[1:])
    first = arguments[0].strip() if arguments else ""
    if " " not in first or (exe and _base(first) == _base(exe)):
        return arguments, None
    written = _WRITTEN_TITLE.match(first)
    if written:
        return [written[1]], _before_options(written[2].split())
    words = first.split()
    if any(arguments[1:]):
        return arguments, None
    if _program(words[0]) in SERVERS or _program(words[0]) in LAUNCHERS:
        return words, None
    return words[:1], _before_options(words[1:])


def _before_options(words: Sequence[str]) -> str:
    """The words before the first option, for what follows one may be its value."""
    options = (place for place, word in enumerate(words) if word.startswith("-") and len(word) > 1)
    return " ".join(words[: next(options, len(words))])


def _launched(launcher: Launcher, arguments: Sequence[str]) -> str:
    """The script, module or class that an interpreter was told to run."""
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        if launcher.module and argument.startswith(launcher.module):
            attached = argument[len(launcher.module) :]
            return _module(launcher, [attached] * bool(attached) + list(arguments[place + 1 :]))
        if argument in launcher.code or (launcher.clustered and _clustered_code(launcher, argument)):
            return ""
        if argument in launcher.programs:
            return _base("".join(arguments[place + 1 : place + 2]))
        if argument == "--":
            return _script(launcher, arguments[place + 1 :])
        if argument in launcher.subcommands:
            place += 1
        elif not argument.startswith(("-", "+", "@")) or argument == "-":
            return _script(launcher, arguments[place:])
        elif launcher.clustered and _clustered_module(launcher, argument):
            return _module(launcher, arguments[place + 1 :])
        else:
            place += 2 if argument in launcher.with_value else 1
    return ""


def _clustered_code(launcher: Launcher, argument: str) -> bool:
    """Whether single-letter options in one word end with the one that takes code (`-lc`)."""
    return bool(re.match(r"^-[A-Za-z]*$", argument)) and f"-{argument[-1]}" in launcher.code


def _clustered_module(launcher: Launcher, argument: str) -> bool:
    return bool(re.match(r"^-[A-Za-z]*m$", argument)) and launcher.module == "-m"


def _module(launcher: Launcher, arguments: Sequence[str]) -> str:
    """`http.server` of `-m http.server 80`; a server's application as if the server had been called by its name."""
    module = arguments[0] if arguments else ""
    server = SERVERS.get(module)
    return _server_application(server, arguments[1:]) if server else module


def _script(launcher: Launcher, arguments: Sequence[str]) -> str:
    """`app.py` of `/srv/app.py --token x`; with the application where the script is a known server."""
    script = arguments[0] if arguments else ""
    if launcher.classes:
        return script if _APPLICATION.match(script) else ""
    if script.startswith(("/dev/fd/", "/proc/")):
        return ""
    name = _base(script)
    if name in ("__main__.py", "__init__.py", "-"):
        return PurePosixPath(script).parent.name
    if name in SERVERS:
        return _server_application(SERVERS[name], arguments[1:])
    return name


def _server_application(server: Server, arguments: Sequence[str]) -> str:
    """The server's name and the application that it was told to serve, if that is plainly one."""
    words: list[str] = []
    place = 0
    while place < len(arguments) and len(words) < server.words:
        argument = arguments[place]
        option, equals, value = argument.partition("=")
        if option in server.options:
            words += _applications(value if equals else "".join(arguments[place + 1 : place + 2]))
        elif not argument.startswith("-"):
            words += _applications(argument)
            if not words:
                break
        known_flag = argument.startswith("-") and (equals or argument in server.flags)
        place += 1 if known_flag or not argument.startswith("-") else 2
    return " ".join([server.name, *words])


def _applications(text: str) -> list[str]:
    return [text] if _APPLICATION.match(text) and len(text) <= LONGEST else []


def _program(path: str) -> str:
    """The program's name without its folder, a login shell's dash and an interpreter's version."""
    name = _base(path).lstrip("-")
    versioned = _VERSIONED.match(name)
    return versioned[1] if versioned else name


def _base(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]
