"""The doctor's output, and that it is right about this process when rights are taken from it."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from icetop.sampler.doctor import Check, State, run, try_attach
from icetop.sampler.doctor.report import as_json, as_text, knows_signs, summary, wants_colour

FINE = Check("kernel", State.OK, "6.1", "to run")
LIMITED = Check("CAP_SYSLOG", State.DEGRADED, "not held", "names", "kernel functions have no names", "sudo")
BROKEN = Check("attach", State.FAILED, "not permitted", "the proof", "nothing", "run as root " + "or so " * 40)
GONE = Check("docker", State.ABSENT, "no socket", "names of containers – all")
EVERY = [BROKEN, FINE, LIMITED, GONE]


def test_summary() -> None:
    assert summary([FINE, GONE]) == "icetop can sample here: everything works"
    assert summary([FINE, LIMITED]) == "icetop can sample here, with limits: see CAP_SYSLOG"
    assert summary(EVERY) == "icetop cannot sample here: see attach"


def test_text_is_aligned_and_fits() -> None:
    text = as_text(EVERY, coloured=False, ascii_only=False, width=80)
    lines = text.splitlines()
    assert lines[0] == summary(EVERY)
    assert {line[0] for line in lines[2:] if line[0] != " "} == {"✗", "✓", "!", "-"}
    starts = {re.match(r"^(. \S+ +| +)", line).end() for line in lines[2:]}  # type: ignore[union-attr]
    assert len(starts) == 1
    assert max(map(len, lines)) <= 80
    assert "mend: sudo" in text and "without: kernel functions" in text


def test_ascii_and_colours() -> None:
    assert as_text(EVERY, coloured=False, ascii_only=True).isascii()
    coloured = as_text(EVERY, coloured=True, ascii_only=False)
    assert "\033[31m✗\033[0m" in coloured
    assert re.sub(r"\033\[\d+m", "", coloured) == as_text(EVERY, coloured=False, ascii_only=False)


def test_json_is_one_object() -> None:
    said = json.loads(as_json(EVERY))
    assert said["schema"] == 1 and said["works"] is False
    assert [check["state"] for check in said["checks"]] == ["failed", "ok", "degraded", "absent"]
    assert set(said["checks"][0]) == {"subject", "state", "finding", "purpose", "effect", "mend"}
    assert json.loads(as_json([FINE, LIMITED]))["works"] is True


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_when_to_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour("auto", Terminal()) and not wants_colour("auto", io.StringIO())
    assert wants_colour("16", io.StringIO()) and not wants_colour("none", Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour("auto", Terminal())


def test_signs_only_where_the_encoding_has_them() -> None:
    assert knows_signs(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert not knows_signs(io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))


@pytest.mark.bpf
def test_attach_works_and_leaves_nothing_open() -> None:
    before = os.listdir("/proc/self/fd")
    assert try_attach().state is State.OK
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.bpf
def test_here_sampling_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("json", "auto", False) == 0
    assert json.loads(capsys.readouterr().out)["works"] is True


def doctor(*wrapper: str) -> tuple[int, dict[str, str], dict[str, str]]:
    """The exit status, and the state and the finding of each check, of a doctor run by `wrapper`."""
    code = "import sys; from icetop.sampler.doctor import run; sys.exit(run('json', 'none', True))"
    done = subprocess.run([*wrapper, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if not done.stdout:
        probe = [*wrapper, sys.executable, "-c", "import icetop"]
        if subprocess.run(probe, check=False, capture_output=True).returncode:
            pytest.skip(f"python and this tree cannot be used so here: {done.stderr.strip()[-200:]}")
    checks = json.loads(done.stdout)["checks"]
    states = {check["subject"]: check["state"] for check in checks}
    return done.returncode, states, {check["subject"]: check["finding"] for check in checks}


def without(*capabilities: str) -> tuple[str, ...]:
    return "setpriv", "--bounding-set", ",".join(f"-{name}" for name in capabilities)


needs_setpriv = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")


@needs_setpriv
@pytest.mark.bpf
def test_without_cap_bpf() -> None:
    status, states, findings = doctor(*without("bpf", "sys_admin"))
    assert status == 1
    assert states["attach"] == states["CAP_BPF"] == "failed"
    assert findings["attach"].startswith("loading a program: not permitted")
    assert states["CAP_PERFMON"] == "ok"


@needs_setpriv
@pytest.mark.bpf
def test_without_cap_perfmon() -> None:
    status, states, _ = doctor(*without("perfmon", "sys_admin"))
    assert status == 1
    assert states["attach"] == states["CAP_PERFMON"] == "failed"
    assert states["CAP_BPF"] == "ok"


@needs_setpriv
@pytest.mark.bpf
def test_without_the_rights_that_only_names_need() -> None:
    names = ("syslog", "sys_ptrace", "checkpoint_restore", "dac_read_search", "dac_override", "sys_admin", "sys_nice")
    status, states, _ = doctor(*without(*names))
    assert status == 0 and states["attach"] == "ok"
    degraded = {subject for subject, state in states.items() if state == "degraded" and subject.startswith("CAP_")}
    assert degraded == {"CAP_SYSLOG", "CAP_SYS_PTRACE", "CAP_CHECKPOINT_RESTORE", "CAP_DAC_READ_SEARCH", "CAP_SYS_NICE"}


@needs_setpriv
def test_as_somebody_without_rights() -> None:
    wrapper = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    status, states, _ = doctor(*wrapper)
    assert status == 1
    assert states["attach"] == states["CAP_BPF"] == states["CAP_PERFMON"] == states["perf_event_paranoid"] == "failed"


@needs_setpriv
@pytest.mark.bpf
def test_inside_a_pid_namespace() -> None:
    status, states, _ = doctor("unshare", "-pf", "--mount-proc")
    assert (status, states["attach"], states["pid namespace"]) == (0, "ok", "degraded")


@needs_setpriv
def test_inside_a_user_namespace() -> None:
    if subprocess.run(["unshare", "-Ur", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespace can be made here")
    status, states, _ = doctor("unshare", "-Ur")
    assert (status, states["user namespace"]) == (1, "failed")


@needs_setpriv
def test_what_make_run_asks_is_silent_or_says_two_lines() -> None:
    command = [sys.executable, "-m", "icetop.sampler.doctor"]
    refused = subprocess.run([*without("bpf", "sys_admin"), *command], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert len(refused.stdout.splitlines()) == 2 and "Mend: " in refused.stdout and refused.stderr == ""


MARKED = "import pytest\n@pytest.mark.bpf\ndef test_it():\n    pass\n"


@needs_setpriv
@pytest.mark.parametrize(("required", "status", "word"), [("", 0, "1 skipped"), ("1", 1, "1 error")])
def test_the_marker(tmp_path: Path, required: str, status: int, word: str) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_marked.py").write_text(MARKED)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = bpf: needs eBPF\n")
    command = [
        *without("bpf", "sys_admin"),
        sys.executable,
        "-m",
        "pytest",
        "-rs",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]
    environment = {**os.environ, "ICETOP_REQUIRE_BPF": required}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == status and word in done.stdout
    assert "eBPF is not permitted here: loading a program" in done.stdout
