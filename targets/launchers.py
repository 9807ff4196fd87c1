"""The programs whose command line names what they run, and which of their options take a value.

An option that is not listed is taken for a flag of an interpreter, and for one with a value of a server: interpreters'
options are few and known, while what follows a server's option may be a secret.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Launcher:
    """An interpreter. Each field is a set of options, as written on the command line.

    `module` is the option before a module's name; `programs` those before a file's; `code` those before code;
    `with_value` those before a value; `clustered` says that single letters may share a dash; `classes` that the
    argument is a class and not a file; `subcommands` are words to pass over.
    """

    module: str = ""
    programs: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()
    with_value: frozenset[str] = frozenset()
    subcommands: frozenset[str] = frozenset()
    clustered: bool = False
    classes: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """A program that serves an application named on its command line.

    `options` name the application, `flags` take no value, `words` is how many names make the title.
    """

    name: str
    options: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    words: int = 1


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PYTHON = Launcher(module="-m", code=_words("-c"), with_value=_words("-W -X --check-hash-based-pycs"), clustered=True)
_SHELL = Launcher(code=_words("-c"), with_value=_words("-o +o -O +O --rcfile --init-file"), clustered=True)
_NODE = Launcher(
    code=_words("-e --eval -p --print -pe"),
    with_value=_words(
        "-r --require --import --loader --experimental-loader -C --conditions --title --env-file --input-type "
        "--icu-data-dir --openssl-config --diagnostic-dir --redirect-warnings --disable-warning --max-http-header-size "
        "--dns-result-order --unhandled-rejections --stack-trace-limit --inspect-port --trace-event-categories"
    ),
    subcommands=_words("run"),
)
_JAVA = Launcher(
    programs=_words("-jar -m --module"),
    with_value=_words(
        "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --limit-modules "
        "--add-exports --add-opens --add-reads --patch-module --source --enable-native-access"
    ),
    classes=True,
)

LAUNCHERS = {
    "python": _PYTHON,
    "pypy": _PYTHON,
    "java": _JAVA,
    "node": _NODE,
    "nodejs": _NODE,
    "bun": _NODE,
    "deno": _NODE,
    "bash": _SHELL,
    "sh": _SHELL,
    "dash": _SHELL,
    "zsh": _SHELL,
    "ksh": _SHELL,
    "perl": Launcher(code=_words("-e -E"), with_value=_words("-I"), clustered=True),
    "ruby": Launcher(code=_words("-e"), with_value=_words("-I -r -C -E -x"), clustered=True),
    "php": Launcher(programs=_words("-f"), code=_words("-r -R -B -E"), with_value=_words("-c -d -z -S -t")),
    "lua": Launcher(code=_words("-e"), with_value=_words("-l")),
    "Rscript": Launcher(code=_words("-e")),
    "dotnet": Launcher(
        with_value=_words("--additionalprobingpath --additional-deps --depsfile --fx-version --runtimeconfig"),
        subcommands=_words("exec run watch"),
    ),
    "mono": Launcher(),
}
"""By the interpreter's name, without its version."""

_GUNICORN_FLAGS = _words(
    "-D --daemon -R --enable-stdio-inheritance --preload --reload --spew --check-config --print-config --no-sendfile "
    "--reuse-port --capture-output --log-syslog --proxy-protocol --initgroups --disable-redirect-access-to-syslog"
)
_UVICORN_FLAGS = _words(
    "--reload --no-access-log --access-log --proxy-headers --no-proxy-headers --server-header --no-server-header "
    "--date-header --no-date-header --use-colors --no-use-colors --factory"
)

SERVERS = {
    server.name: server
    for server in (
        Server("gunicorn", flags=_GUNICORN_FLAGS),
        Server("uvicorn", flags=_UVICORN_FLAGS),
        Server("hypercorn", flags=_words("--reload --debug")),
        Server("daphne", flags=_words("--proxy-headers --no-server-name")),
        Server("waitress-serve", flags=_words("--call --expose-tracebacks --no-expose-tracebacks")),
        Server("celery", _words("-A --app"), _words("-q --quiet --no-color -C"), words=2),
        Server("flask", _words("-A --app"), _words("--debug --no-debug"), words=2),
        Server("rq", words=1),
        Server("uwsgi", _words("-w --module --wsgi --wsgi-file"), _words("--master -M --enable-threads --die-on-term")),
        Server("manage.py"),
        Server("artisan"),
        Server("airflow", words=2),
    )
}
"""By the server's name: what an interpreter runs, or what was called directly."""
