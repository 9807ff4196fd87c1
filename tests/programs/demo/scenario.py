"""The story of the demonstration: icetop watches a slow search, an index is made, and the figures of both are printed.

    run.sh /srv/shop/venv/bin/python scenario.py [--live] [--json] [--seconds 20] OUT.pb.gz

The command `icetop` is what the environment's ICETOP says. With --live its screen is open meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

ICETOP = shlex.split(os.environ.get("ICETOP", "icetop"))
REQUESTS = Path("/srv/shop/requests.log")
DATABASE = "host=/srv/shop/postgres user=postgres dbname=postgres"
SEARCH, SCAN, MATCHER = "search_products_unindexed", "ExecSeqScan", "textlike"
WATCHED = ("--cgroup", "/shop.slice", "--kind", "cpu,offcpu")
PRODUCT, BACKENDS = "/shop.slice/product.service", "/shop.slice/postgresql.service"


@dataclass
class Figures:
    """What was seen in a stretch: rates in requests a second, times in seconds, shares in percent."""

    requests_per_second: float
    searches_per_second: float
    search_seconds: float
    search_wall_seconds: float
    search_wall_percent: float
    search_request_percent: float
    scan_cpu_percent: float
    matcher_cpu_percent: float


def make_index() -> None:
    """What mends the search."""
    connection = psycopg2.connect(DATABASE)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        os.setpriority(os.PRIO_PROCESS, cursor.fetchone()[0], 0)  # else it takes its turn with the searches for long
        cursor.execute("CREATE EXTENSION pg_trgm")
        cursor.execute("CREATE INDEX ON products USING gin (description gin_trgm_ops)")
    connection.close()


def watch(out: str, seconds: float, live: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Record while the index is made; gives the stretches before and after in unix time."""
    told = subprocess.DEVNULL if live else None  # on the screen there is no place for other words
    recorder = subprocess.Popen([*ICETOP, "record", *WATCHED, "-o", out], stdin=subprocess.DEVNULL, stderr=told)
    screen = subprocess.Popen([*ICETOP, *WATCHED, "--no-history"]) if live else None
    if not live:
        print(f"icetop demo: the search has no index; one is made in {seconds:.0f} s", file=sys.stderr)
    time.sleep(2)
    before = (time.time(), time.time() + seconds)
    time.sleep(seconds)
    make_index()
    time.sleep(2)
    if not live:
        print(f"icetop demo: the index is made; {seconds:.0f} s more", file=sys.stderr)
    after = (time.time(), time.time() + seconds)
    time.sleep(seconds)
    if screen is not None:
        screen.wait()
    recorder.send_signal(signal.SIGINT)
    print("icetop demo: adding up what was recorded", file=sys.stderr)
    if recorder.wait():
        raise SystemExit("icetop could not record")
    return before, after


def report(out: str, *words: str) -> dict[str, Any]:
    """What `icetop report` says."""
    done = subprocess.run([*ICETOP, "report", out, *words, "--format", "json"], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def function(found: dict[str, Any], name: str) -> dict[str, Any]:
    """The row of a function, whatever its module; zeros where it was not seen."""
    rows = (row for row in found["functions"] if row["name"].rsplit(".", 1)[-1] == name)
    return next(rows, {"cum": 0, "cum_percent": 0.0, "delta_cum_points": 0.0, "significant": False})


def figures(out: str, start: float, stretch: tuple[float, float]) -> Figures:
    """Those of one stretch: of the requests as their clients saw them, of the rest as icetop did."""
    length = stretch[1] - stretch[0]
    lines = [line.split() for line in REQUESTS.read_text().splitlines()]
    asked = [(float(took), page) for end, took, page in lines if stretch[0] <= float(end) < stretch[1]]
    searches = [took for took, page in asked if page == "search"]
    span = f"{stretch[0] - start:.3f}..{stretch[1] - start:.3f}"
    wall = function(report(out, "--cgroup", PRODUCT, "--kind", "wall", "--range", span), SEARCH)
    cpu = report(out, "--cgroup", BACKENDS, "--kind", "cpu", "--range", span)
    return Figures(
        requests_per_second=len(asked) / length,
        searches_per_second=len(searches) / length,
        search_seconds=sum(searches) / len(searches),
        search_wall_seconds=wall["cum"] / 1e9 / len(searches),
        search_wall_percent=wall["cum_percent"],
        search_request_percent=100 * len(searches) / len(asked),
        scan_cpu_percent=function(cpu, SCAN)["cum_percent"],
        matcher_cpu_percent=function(cpu, MATCHER)["cum_percent"],
    )


def compared(out: str, start: float, before: tuple[float, float], after: tuple[float, float]) -> dict[str, Any]:
    """What the comparison says of the search and of the scan: points of share, and whether it is more than noise."""
    spans = [f"{begin - start:.3f}..{end - start:.3f}" for begin, end in (before, after)]
    found = {}
    for name, cgroup, kind in ((SEARCH, PRODUCT, "wall"), (SCAN, BACKENDS, "cpu")):
        words = ("--cgroup", cgroup, "--kind", kind, "--range", spans[1], "--baseline", spans[0])
        row = function(report(out, *words), name)
        found[name] = {"points": row["delta_cum_points"], "significant": row["significant"]}
    return {"spans": spans, "index": [before[1] - start, after[0] - start], "changes": found}


def tell(before: Figures, after: Figures, changes: dict[str, Any], out: str) -> None:
    """The figures as a table."""
    rows = (
        ("requests a second", "requests_per_second", ".1f", ""),
        ("  searches among them", "search_request_percent", ".1f", " %"),
        ("a search, as clients saw it", "search_seconds", ".4f", " s"),
        (f"{SEARCH}, wall time a search", "search_wall_seconds", ".4f", " s"),
        ("  share of the service's wall time", "search_wall_percent", ".1f", " %"),
        (f"{SCAN}, share of the backends' CPU", "scan_cpu_percent", ".1f", " %"),
        (f"  the LIKE matcher ({MATCHER})", "matcher_cpu_percent", ".1f", " %"),
    )
    print(f"\n{'':52}{'before':>12}{'after':>12}")
    for words, name, form, unit in rows:
        print(f"{words:52}" + "".join(f"{getattr(side, name):{form}}{unit}".rjust(12) for side in (before, after)))
    for name, change in changes["changes"].items():
        kind = "beyond noise" if change["significant"] else "within noise"
        print(f"compared: {name} {change['points']:+.1f} points, {kind}")
    spans = changes["spans"]
    print(f"\nicetop open {out} --range {spans[1]} --baseline {spans[0]}")


def main() -> None:
    """The whole story."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--live", action="store_true")
    words.add_argument("--json", action="store_true")
    words.add_argument("--seconds", type=float, default=20.0)
    words.add_argument("out")
    given = words.parse_args()
    out = str(Path(given.out).resolve())
    before, after = watch(out, given.seconds, given.live)
    start = datetime.fromisoformat(report(out)["start"].replace("Z", "+00:00")).timestamp()
    sides = [figures(out, start, stretch) for stretch in (before, after)]
    changes = compared(out, start, before, after)
    if given.json:
        json.dump({"before": asdict(sides[0]), "after": asdict(sides[1]), **changes}, sys.stdout)
    else:
        tell(sides[0], sides[1], changes, out)


if __name__ == "__main__":
    main()
