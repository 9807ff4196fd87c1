"""The compiled form: made once, kept, and believed only while it is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, which

import pytest
from icetop.sampler.loader import compiled
from icetop.sampler.loader.compiled import CannotCompile, choices_for, compiled_form, parse
from icetop.sampler.loader.kept import Keeper
from icetop.sampler.loader.source import identity, joined_source

pytestmark = pytest.mark.bpf

ATOMIC = (0xC3, 0xDB)
"""BPF_STX | BPF_ATOMIC on words and double words (include/uapi/linux/bpf.h)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the programs are kept already."""
    folder = tmp_path_factory.mktemp("kept")
    compiled_form(Keeper(folder), {}, lambda stage: None)
    return folder


def stages_of(keeper: Keeper, options: dict[str, str] | None = None) -> list[str]:
    stages: list[str] = []
    compiled_form(keeper, options or {}, stages.append)
    return stages


def test_it_is_compiled_once(folder: Path) -> None:
    keeper = Keeper(folder)
    assert stages_of(keeper) == []
    assert compiled_form(keeper, {}, lambda stage: None).kept
    assert keeper.complaints == []


def test_another_option_or_another_bcc_compiles_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(folder)
    assert stages_of(keeper, {"USER_FRAMES": "64"}) == ["compiling"]
    monkeypatch.setattr(compiled, "installed_bcc", lambda: "9.9.9")
    assert stages_of(keeper, {"USER_FRAMES": "64"}) == ["compiling"]
    assert stages_of(keeper, {"USER_FRAMES": "64"}) == []


def test_a_changed_source_compiles_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "joined_source", lambda: "/* another */")
    assert stages_of(Keeper(folder)) == ["compiling"]


@pytest.mark.parametrize("damage", ["cut", "no maps", "instructions", "layout"])
def test_a_broken_form_is_compiled_anew_and_that_is_said(folder: Path, tmp_path: Path, damage: str) -> None:
    keeper, name = Keeper(tmp_path), f"programs-{identity(joined_source(), {})}.json"
    path = Path(copy(folder / name, tmp_path))
    form = json.loads(path.read_text())
    if damage == "no maps":
        form["maps"] = None
    elif damage == "instructions":
        form["programs"]["sample"]["code"] = "AAAA"
    elif damage == "layout":
        form["maps"][3]["key_size"] += 1
    text = json.dumps(form)
    path.write_text(text[: len(text) // 2] if damage == "cut" else text)
    assert stages_of(keeper) == ["compiling"]
    assert "is not used" in keeper.complaints[0]
    assert stages_of(keeper) == []


def test_loading_what_is_kept_takes_neither_bcc_nor_its_library(folder: Path) -> None:
    code = (
        "import sys\nfrom icetop.sampler.kernel_side import KernelSide\nfrom icetop.sampler.loader.kept import Keeper\n"
        "from icetop.sampler.options import CollectOptions\nfrom pathlib import Path\n"
        "side = KernelSide(CollectOptions(), Keeper(Path(sys.argv[1])), print)\n"
        "assert 'bcc' not in sys.modules and 'libbcc' not in open('/proc/self/maps').read()\n"
        "assert 'LLVM' not in open('/proc/self/maps').read()\nside.close()"
    )
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["attaching"]


def test_without_bcc_it_is_said_unless_a_form_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "installed_bcc", lambda: "")
    assert compiled_form(Keeper(folder), {}, lambda stage: None).kept
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "without_bcc"))
    with pytest.raises(CannotCompile) as caught:
        compiled_form(Keeper(folder), {"USER_FRAMES": "32"}, lambda stage: None)
    assert caught.value.missing == "bcc"


def test_an_image_is_built_without_rights_and_needs_no_compiler(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `deploy/Dockerfile` does: no build may make maps, and what it compiles is the same all the same."""
    if which("gcc") is None or which("setpriv") is None:
        pytest.skip("no gcc or no setpriv here")
    pretend, shipped = tmp_path / "pretend_maps.so", tmp_path / "shipped"
    source = Path(__file__).parents[2] / "deploy/pretend_maps.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", pretend, source], check=True)
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    words += [sys.executable, "-m", "icetop.sampler.loader.shipped", str(shipped)]
    environment = {**os.environ, "LD_PRELOAD": str(pretend)}
    subprocess.run(words, env=environment, check=True, capture_output=True)
    assert len(list(shipped.iterdir())) == 2
    monkeypatch.setattr("icetop.sampler.loader.kept.SHIPPED", shipped)
    keeper = Keeper(tmp_path / "empty")
    assert stages_of(keeper) == []
    assert stages_of(keeper, choices_for(False)) == []
    assert keeper.complaints == []
    assert compiled_form(keeper, {}, str).programs == compiled_form(Keeper(folder), {}, str).programs


def test_the_compiler_needs_no_kernel_headers(mount_namespace: tuple[str, ...]) -> None:
    """Compiled in a mount namespace without /usr/src, /lib/modules and /usr/include/linux."""
    hide = [path for path in ("/usr/src", "/lib/modules", "/usr/include") if os.path.isdir(path)]
    script = "".join(f"mount -t tmpfs none {path} && " for path in hide)
    done = subprocess.run(
        [*mount_namespace, "sh", "-c", f"{script} exec {sys.executable} -m icetop.sampler.loader.compile"],
        capture_output=True,
        check=True,
    )
    assert parse(json.loads(done.stdout), kept=False).programs.keys() >= {"sample", "emit"}


def test_no_atomic_operation_is_used_that_kernels_before_5_12_lack(folder: Path) -> None:
    """They know adding alone (an immediate of 0) and refuse a program with any other."""
    for name, (_, code) in compiled_form(Keeper(folder), {}, lambda stage: None).programs.items():
        instructions = [code[place : place + 8] for place in range(0, len(code), 8)]
        atomic = [found for found in instructions if found[0] in ATOMIC]
        assert not any(any(found[4:]) for found in atomic), name
