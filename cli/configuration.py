"""Where the value of an option comes from: the command line, else the environment, else config.toml.

One rule for all: `--some-option` is ICETOP_SOME_OPTION in the environment and `some-option` in config.toml, at its top
for every command that has the option, or in a table `[command]` for that command alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import click
from click.core import ParameterSource

PREFIX = "ICETOP_"
LARGEST_FILE = 1 << 20

Function = TypeVar("Function", bound=Callable[..., Any])


class Setting(click.Option):
    """An option that the environment and the configuration file know too."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.key = max((name.lstrip("-") for name in self.opts), key=len)
        self.envvar = PREFIX + self.key.replace("-", "_").upper()

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The value in its type. One of an option that may be given several times, from the environment or a file, is
        one, whatever characters are in it."""
        if self.multiple and value is not None and not isinstance(value, list | tuple):
            value = (value,)
        return super().type_cast_value(ctx, value)

    @property
    def file_key(self) -> str:
        """What the option is called in config.toml."""
        return self.key


def setting(*names: str, **more: Any) -> Callable[[Function], Function]:
    """Like `click.option`, for a `Setting`."""
    return click.option(*names, cls=Setting, **more)


def config_option(function: Function) -> Function:
    """The option `--config`, which puts a configuration file's values behind all others."""
    return click.option(
        "--config",
        envvar=f"{PREFIX}CONFIG",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_use_file,
        help="Take settings from FILE instead of config.toml in the user's configuration folder.",
    )(function)


def origin(ctx: click.Context | None, parameter: click.Parameter | None) -> str:
    """Where a parameter's value came from, for an error message; empty for the command line."""
    if ctx is None or not isinstance(parameter, Setting) or parameter.name is None:
        return ""
    source = ctx.get_parameter_source(parameter.name)
    if source is ParameterSource.ENVIRONMENT:
        return f"{parameter.envvar} in the environment"
    return f"{parameter.file_key} in the configuration file" if source is ParameterSource.DEFAULT_MAP else ""


def default_path() -> str:
    """The configuration file of this user."""
    from platformdirs import user_config_dir

    return os.path.join(user_config_dir("icetop", appauthor=False), "config.toml")


def _use_file(ctx: click.Context, parameter: click.Parameter, path: str | None) -> None:
    chosen = path or default_path()
    if path is None and not os.path.exists(chosen):
        return
    group = ctx.find_root().command
    commands = group.commands if isinstance(group, click.Group) else {}
    content = _read(chosen)
    _check_keys(chosen, content, commands)
    for_all = {key: value for key, value in content.items() if not isinstance(value, Mapping)}
    values = {**for_all, **content.get(ctx.info_name or "", {})}
    settings = {option.file_key: option.name for option in _settings(ctx.command)}
    ctx.default_map = {settings[_key(key)]: value for key, value in values.items() if _key(key) in settings}


def _read(path: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise click.UsageError(f"{path}: it is no configuration file: larger than {LARGEST_FILE:,} bytes")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path}: it is not valid TOML: {error}") from None


def _check_keys(path: str, content: Mapping[str, Any], commands: Mapping[str, click.Command]) -> None:
    """Refuse keys that mean nothing: a misspelt setting would otherwise be silently without effect."""
    known = {name: {option.file_key for option in _settings(command)} for name, command in commands.items()}
    everywhere = set().union(*known.values())
    for key, value in content.items():
        if isinstance(value, Mapping) and key in known:
            for inner, inner_value in value.items():
                _check_key(path, inner, inner_value, known[key], f" in [{key}]")
        else:
            _check_key(path, key, value, everywhere, "")


def _check_key(path: str, key: str, value: object, known: set[str], where: str) -> None:
    if _key(key) not in known:
        close = get_close_matches(_key(key), sorted(known), 1)
        raise click.UsageError(
            f"{path}: there is no setting '{key}'{where}" + (f" (did you mean {close[0]}?)" if close else "")
        )
    if not isinstance(value, str | int | float | list):
        raise click.UsageError(f"{path}: the setting '{key}'{where} is not a text, a number, true or false, or a list")


def _settings(command: click.Command) -> list[Setting]:
    return [option for option in command.params if isinstance(option, Setting)]


def _key(key: str) -> str:
    return key.replace("_", "-")
