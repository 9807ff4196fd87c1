"""A source without a sampler: stacks of a small web service that move over time, the same for the same seed."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator

from icetop.profiles.delta import Context, Counts, Delta, Notice, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.series import Series
from icetop.profiles.source import SourceError
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language, StackEnd

SECOND = 1_000_000_000
START_NS = 1_795_442_520 * SECOND
PY, C, K, JS = Language.PYTHON, Language.NATIVE, Language.KERNEL, Language.NODE
SITE = "/usr/lib/python3/dist-packages/"

GUNICORN = [
    ("Worker.handle_request", PY, SITE + "gunicorn/workers/sync.py", "/usr/bin/python3.11", 182),
    ("Flask.wsgi_app", PY, SITE + "flask/app.py", "/usr/bin/python3.11", 1478),
]
SEARCH = [
    ("search_products_unindexed", PY, "/srv/shop/views.py", "/usr/bin/python3.11", 48),
    ("run_query", PY, "/srv/shop/db.py", "/usr/bin/python3.11", 17),
    ("cursor.execute", PY, SITE + "psycopg2/extras.py", "/usr/bin/python3.11", 236),
    ("pq_execute", C, "", "/usr/lib/libpq.so.5.15", 0),
]
RECV = [("recv", K, "", "[kernel]", 0), ("tcp_recvmsg", K, "", "[kernel]", 0), ("copy_to_iter", K, "", "[kernel]", 0)]
PG = [("PostgresMain", C, "", "/usr/lib/postgresql/15/bin/postgres", 0)]
PG += [
    (name, C, "", "/usr/lib/postgresql/15/bin/postgres", 0)
    for name in ("exec_simple_query", "PortalRun", "ExecSeqScan", "ExecInterpExpr", "textlike", "UTF8_MatchText")
]
NODE = [
    ("processTicksAndRejections", JS, "node:internal/process/task_queues", "/usr/bin/node", 77),
    ("renderToString", JS, "/srv/front/node_modules/react-dom/server.js", "/usr/bin/node", 5),
    ("std::__cxx11::basic_string<char, std::char_traits<char> >::_M_append(char const*, unsigned long)", C, "",
     "/usr/lib/libstdc++.so.6.0.30", 0),
]  # fmt: skip
LIBPQ = "/usr/lib/libpq.so.5.15"
STACKS: list[tuple[int, float, list[tuple[str, Language, str, str, int]]]] = [
    (0, 0.9, [*GUNICORN]),
    (0, 1.5, [*GUNICORN, *SEARCH[:2]]),
    (0, 1.8, [*GUNICORN, *SEARCH[:1], ("<genexpr>", PY, "/srv/shop/views.py", "/usr/bin/python3.11", 52)]),
    (0, 2.2, [*GUNICORN, *SEARCH]),
    (0, 3.0, [*GUNICORN, *SEARCH, ("PQexec", C, "", LIBPQ, 0), ("PQgetResult", C, "", LIBPQ, 0)]),
    (0, 6.0, [*GUNICORN, *SEARCH, ("PQexec", C, "", LIBPQ, 0), ("PQgetResult", C, "", LIBPQ, 0), *RECV]),
    (0, 2.0, [*GUNICORN, *SEARCH, ("PQunescape", C, "", LIBPQ, 0)]),
    (0, 2.6, [*GUNICORN, *SEARCH, ("PQunescape", C, "", LIBPQ, 0), ("strtol", C, "", "/usr/lib/libc.so.6", 0)]),
    (0, 1.1, [*GUNICORN, ("render_home", PY, "/srv/shop/views.py", "/usr/bin/python3.11", 12)]),
    (1, 0.8, PG[:4]),
    (1, 2.0, PG[:5]),
    (1, 1.3, PG[:6]),
    (1, 7.0, PG),
    (1, 1.2, [*PG, ("pg_mblen", C, "", "/usr/lib/postgresql/15/bin/postgres", 0)]),
    (1, 0.7, [*PG[:4], ("heap_getnextslot", C, "", "/usr/lib/postgresql/15/bin/postgres", 0)]),
    (2, 1.0, NODE[:2]),
    (2, 1.6, NODE),
    (3, 0.4, [("main.main", Language.GO, "/src/main.go", "/usr/bin/exporter", 10),
              ("encoding/json.(*decodeState).scanWhile", Language.GO, "/go/json.go", "/usr/bin/exporter", 99)]),
    (4, 0.3, [("ret_from_fork", K, "", "[kernel]", 0), ("kthread", K, "", "[kernel]", 0)]),
]  # fmt: skip
SERIES = [
    (Series(4021, 1000, 4021, "gunicorn"), {"process": "gunicorn", "title": "shop.wsgi"}),
    (Series(812, 500, 812, "postgres"), {"process": "postgres", "title": "shop SELECT"}),
    (Series(4100, 900, 4100, "node"), {"process": "node", "title": "server.js"}),
    (Series(777, 400, 777, "exporter"), {"process": "exporter", "title": ""}),
    (Series(12, 1, 12, "kworker/0:1"), {"process": "kworker/0:1"}),
] + [(Series(9000 + i, 2000 + i, 9000 + i, f"cron{i}"), {"process": f"cron{i}"}) for i in range(14)]


class MovingSource:
    """Yields a delta a second: `backlog` seconds at once, then one each `pace` seconds until `limit` or `stop`."""

    def __init__(self, live: bool = True, backlog: int = 90, pace: float = 1.0, limit: int = 10**9) -> None:
        self.live = live
        self._backlog = backlog
        self._pace = pace
        self._limit = limit
        self._stopped = threading.Event()
        self._random = random.Random(7)
        self.failure: Notice | None = None
        self.stages: tuple[str, ...] = ()

    @property
    def ready_ns(self) -> int:
        """The end of what comes at once."""
        return START_NS + self._backlog * SECOND

    def stop(self) -> None:
        self._stopped.set()

    def deltas(self) -> Iterator[Delta]:
        context = Context("web-3", "6.18.0-2-amd64", 4, START_NS, 99, version="0.1.0")
        for stage in self.stages:
            yield Delta(START_NS, START_NS, stage=stage, context=context)
            if self._stopped.wait(self._pace):
                return
        yield self._tables(context)
        for second in range(self._limit):
            if second >= self._backlog and self._stopped.wait(self._pace):
                return
            if self._stopped.is_set():
                return
            yield self._second(second)
        if self.failure is not None:
            raise SourceError(self.failure)

    def _tables(self, context: Context) -> Delta:
        locations: list[Location] = []
        known: dict[object, int] = {}
        nodes: list[tuple[int, int]] = []
        made: dict[tuple[int, int], int] = {}
        self._leaves = []
        for number, (_, _, frames) in enumerate(STACKS):
            node = int(StackEnd.COMPLETE if number != 3 else StackEnd.NO_UNWIND_INFO)
            for name, language, file, binary, line in frames:
                key = (name, binary)
                if key not in known:
                    known[key] = len(locations)
                    lines = (Line(name, file, line + 3 if line else 0, line),)
                    locations.append(Location(language, binary, "b1", 64 * len(locations), lines))
                step = (node, known[key])
                if step not in made:
                    made[step] = ROOTS + len(nodes)
                    nodes.append(step)
                node = made[step]
            self._leaves.append(node)
        return Delta(
            START_NS, START_NS, locations=locations, nodes=nodes, context=context,
            series=[series for series, _ in SERIES], labels={i: labels for i, (_, labels) in enumerate(SERIES)},
        )  # fmt: skip

    def _second(self, second: int) -> Delta:
        counts = Counts()
        busy = 1.75 + 0.25 * self._random.random() if second > 60 else 0.5 + 0.3 * self._random.random()
        total = sum(weight for _, weight, _ in STACKS)
        taken = 0
        for (who, weight, _), leaf in zip(STACKS, self._leaves, strict=True):
            quiet = 0.2 if second <= 60 and who < 2 else 1.0
            samples = int(
                weight * quiet / total * busy * 99 * (0.6 + 0.8 * self._random.random()) + self._random.random()
            )
            if samples:
                counts.add(leaf, who, samples, samples * SECOND // 99)
                taken += samples
        if second % 3 == 0:
            counts.add(self._leaves[-1], 5 + second // 3 % 14, 1, SECOND // 99)
            taken += 1
        start = START_NS + second * SECOND
        vitals = Vitals(busy, 0.3 + 0.1 * self._random.random(), {"cpu": 0.4}, None, 0.006, 38_000_000)
        return Delta(start, start + SECOND, counts={"cpu": counts}, expected=taken, vitals=vitals)


def main() -> None:
    """Run the app over this source: `moving_source.py color=16 theme=light backlog=90 file=1 ascii=1 slow=1`."""
    from icetop.profiles.view import View
    from icetop.tui.app import run_app

    options = dict(argument.split("=") for argument in sys.argv[1:])
    limit = int(options.get("limit", 10**9))
    source = MovingSource(live="file" not in options, backlog=int(options.get("backlog", 90)), limit=limit)
    if "slow" in options:
        source.stages = ("compiling", "attaching", "waiting for samples")
    looks = {"color": options.get("color", "auto"), "theme": options.get("theme", "auto")}
    sys.exit(run_app(source, view=View(), ascii_only="ascii" in options, **looks))


if __name__ == "__main__":
    main()
