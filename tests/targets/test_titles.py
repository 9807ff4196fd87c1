"""Names and titles off real and hostile command lines."""

from __future__ import annotations

import shlex

import pytest
from icetop.targets.titles import LONGEST, clean, command_title, name_and_title, unit_title

COMMAND_LINES = [
    # interpreters
    ("python3 app.py", "python3", "app.py"),
    ("/usr/bin/python3.11 -u /srv/shop/app.py --token hunter2", "python3.11", "app.py"),
    ("python -m http.server 8000", "python", "http.server"),
    ("python3 -Im http.server", "python3", "http.server"),
    ("python3 -mhttp.server", "python3", "http.server"),
    ("python3 -W ignore -X dev -OO job.py", "python3", "job.py"),
    ("python3 -c 'password = 1'", "python3", ""),
    ("python3 -Ic 'password = 1'", "python3", ""),
    ("python3 /srv/tool/__main__.py", "python3", "tool"),
    ("python3", "python3", ""),
    ("python3 -", "python3", ""),
    ("pypy3 bench.py", "pypy3", "bench.py"),
    ("java -jar /opt/x.jar --password hunter2", "java", "x.jar"),
    ("java -Xmx4g -Dpassword=hunter2 -cp /a.jar:/b.jar com.example.Main hunter2", "java", "com.example.Main"),
    (
        "/usr/lib/jvm/17/bin/java --add-opens java.base/java.lang=ALL-UNNAMED -p m -m mod/com.example.Main",
        "java",
        "com.example.Main",
    ),
    ("java -javaagent:/a.jar=key=hunter2 org.Outer$Inner", "java", "org.Outer$Inner"),
    ("java @args.txt", "java", ""),
    ("node --max-old-space-size=4096 /srv/server.js --key hunter2", "node", "server.js"),
    ("node -r dotenv/config --title hunter2 index.js", "node", "index.js"),
    ("node -e 'hunter2'", "node", ""),
    ("deno run --allow-net main.ts", "deno", "main.ts"),
    ("perl -w -I /lib /usr/bin/report.pl hunter2", "perl", "report.pl"),
    ("perl -we 'hunter2'", "perl", ""),
    ("ruby3.1 -W0 /usr/bin/sidekiq", "ruby3.1", "sidekiq"),
    ("php8.2 -d memory_limit=1G artisan queue:work --token hunter2", "php8.2", "artisan queue:work"),
    ("php -r 'hunter2'", "php", ""),
    ("bash /usr/local/bin/backup.sh hunter2", "bash", "backup.sh"),
    ("/bin/sh -c 'curl -u me:hunter2 http://x'", "sh", ""),
    ("bash -lc hunter2", "bash", ""),
    ("bash -x -o pipefail run.sh", "bash", "run.sh"),
    ("-bash", "bash", ""),
    ("bash /dev/fd/3", "bash", ""),
    ("dotnet exec --depsfile a.json /srv/Shop.dll", "dotnet", "Shop.dll"),
    # servers
    ("/usr/bin/python3 /usr/bin/gunicorn shop.wsgi", "python3", "gunicorn shop.wsgi"),
    ("gunicorn -w 4 -b 0.0.0.0:80 --env KEY=hunter2 shop.wsgi:application", "gunicorn", "shop.wsgi:application"),
    ("python3 -m gunicorn --preload --env hunter2 shop.wsgi", "python3", "gunicorn shop.wsgi"),
    ("python3 /venv/bin/uvicorn --host 0.0.0.0 --reload main:app", "python3", "uvicorn main:app"),
    ("uvicorn --factory main:make_app --port 80", "uvicorn", "main:make_app"),
    ("gunicorn 'shop:make(password=1)'", "gunicorn", "gunicorn"),
    ("celery -A shop worker -l INFO", "celery", "shop worker"),
    ("python3 -m celery --app=shop.tasks beat", "python3", "celery shop.tasks beat"),
    ("python3 manage.py runserver 0.0.0.0:8000", "python3", "manage.py runserver"),
    ("flask --app hello run --cert hunter2", "flask", "hello run"),
    # titles that programs write over their arguments
    ("'postgres: shop shop 127.0.0.1(43210) SELECT'", "postgres", "shop shop 127.0.0.1(43210) SELECT"),
    ("'postgres: 15/main: walwriter '", "postgres", "15/main: walwriter"),
    ("'nginx: worker process'", "nginx", "worker process"),
    ("'nginx: master process /usr/sbin/nginx -g hunter2'", "nginx", "master process /usr/sbin/nginx"),
    ("'php-fpm: pool www'", "php-fpm", "pool www"),
    ("'gunicorn: worker [shop.wsgi]'", "gunicorn", "worker [shop.wsgi]"),
    ("'redis-server 127.0.0.1:6379'", "redis-server", "127.0.0.1:6379"),
    ("'npm run dev'", "npm", "run dev"),
    ("'/opt/google/chrome/chrome --type=renderer --token hunter2'", "chrome", ""),
    ("'tool: work --password hunter2'", "tool", "work"),
    # others
    ("/usr/sbin/mysqld --password=hunter2", "mysqld", ""),
    ("curl http://me:hunter2@host/", "curl", ""),
    ("./burn 60", "burn", ""),
]


@pytest.mark.parametrize(("line", "name", "title"), COMMAND_LINES, ids=[line for line, _, _ in COMMAND_LINES])
def test_name_and_title_of_a_command_line(line: str, name: str, title: str) -> None:
    expected = "" if title == name else title
    assert name_and_title(shlex.split(line), "comm") == (name, expected)


@pytest.mark.parametrize("line", [line for line, _, _ in COMMAND_LINES])
def test_no_secret_is_in_a_title(line: str) -> None:
    assert "hunter2" not in name_and_title(shlex.split(line), "comm")[1]


def test_without_a_command_line_the_comm_stands_in() -> None:
    assert name_and_title([], "kworker/0:1-events") == ("kworker/0:1-events", "")
    assert name_and_title([""], "worker") == ("worker", "")
    assert name_and_title(["", "", ""], "worker") == ("worker", "")
    assert name_and_title(["   "], "worker") == ("worker", "")


def test_a_program_in_a_folder_with_spaces_keeps_its_name() -> None:
    assert name_and_title(["/opt/My App/the tool"], "the tool", "/opt/My App/the tool") == ("the tool", "")


def test_the_systemd_unit_is_the_title_where_the_command_line_gives_none() -> None:
    postgres = ["/usr/lib/postgresql/15/bin/postgres", "-D", "/data"]
    cgroup = "/system.slice/system-postgresql.slice/postgresql@15-main.service"
    assert name_and_title(postgres, "postgres", "", cgroup) == ("postgres", "postgresql@15-main.service")
    assert name_and_title(["/usr/sbin/cron", "-f"], "cron", "", "/system.slice/cron.service") == ("cron", "")
    assert name_and_title(["python3", "app.py"], "python3", "", "/system.slice/shop.service") == ("python3", "app.py")


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/docker.service", "docker.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service", "shop.service"),
        ("/system.slice/my\\x2dapp.service", "my-app.service"),
        ("/user.slice/user-1000.slice/session-3.scope", ""),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", ""),
        (f"/system.slice/docker-{'a' * 64}.scope", ""),
        (f"/kubepods.slice/kubepods-pod1.slice/cri-containerd-{'a' * 64}.scope", ""),
        ("/init.scope", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_unit_of_a_cgroup(path: str, unit: str) -> None:
    assert unit_title(path) == unit


def test_hostile_command_lines_stay_printable_and_short() -> None:
    for argv in (
        ["python3", "\x1b[2J\x1b]0;x\x07.py"],
        ["python3", "a" * 131_072],
        ["evil\u202egnp.exe\n", "x"],
        ["gunicorn"] + ["-"] * 20_000,
        [b"\xff\xfe\x80".decode(errors="replace"), "x"],
        ["java", "-cp", "x" * 100_000, "com.example.Main"],
        ["postgres: " + "\x00\x1b" * 500],
        [" : : "],
        ["node"] + ["--x"] * 1000,
        ["python3", "-m"],
        ["java", "-jar"],
        ["celery", "-A"],
        ["nginx: "],
    ):
        name, title = name_and_title(argv, "comm")
        assert name and name.isprintable() and title.isprintable()
        assert len(name) <= LONGEST and len(title) <= LONGEST


def test_markup_is_left_as_it_is() -> None:
    assert clean("[red]x[/red]") == "[red]x[/red]"


def test_an_empty_command_line_has_no_title() -> None:
    assert command_title([]) == ""
