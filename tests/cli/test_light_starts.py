"""What a start does not import: seconds of CPU on every node where a recorder runs, and memory."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    *(
        "numpy",
        "textual",
        "psutil",
        "symbolic",
        "elftools",
        "google.protobuf",
        "docker",
        "kubernetes",
        "msgpack",
        "bcc",
    ),
    *("asyncio", "concurrent.futures", "email", "http", "ssl", "socket", "subprocess", "multiprocessing", "logging"),
    *("tempfile", "shutil", "random", "zipfile", "importlib.resources", "importlib.metadata", "csv", "statistics"),
}


def imported(program: str) -> set[str]:
    """What a program imports, on an interpreter whose own site packages import nothing."""
    script = f"import sys\nsys.path = {sys.path!r}\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_a_recorder_imports_what_it_needs() -> None:
    found = imported(
        "import icetop.cli.main, icetop.sampler.record, icetop.sampler.windows, icetop.snapshots.folder_sink"
    )
    assert "icetop.snapshots.pprof_writer" in found
    assert HEAVY & found <= {"google.protobuf"}


def test_an_agent_imports_the_wire_and_no_more() -> None:
    found = imported("import icetop.cli.main, icetop.sampler.agent")
    assert "icetop.sampler.collector" in found
    assert HEAVY & found <= {"msgpack"}
