"""Records the demonstration as the sample that is shown where eBPF is not permitted: record_sample.py OUT.pb.gz"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from icetop.snapshots.file_source import FileSource
from icetop.snapshots.formats import save

SECONDS = 40


def main() -> None:
    out = Path(sys.argv[1]).resolve()
    demo = Path(__file__).parent / "run.sh"
    record = (sys.executable, "-m", "icetop", "record", "--cgroup", "/shop.slice", "-d", str(SECONDS), "-o", str(out))
    subprocess.run([demo, *record], check=True, stdin=subprocess.DEVNULL)
    profile = FileSource(str(out)).profile()
    # What the kernel's builder added to its release is about the machine that recorded, not about the scene.
    profile.context = replace(profile.context, kernel=profile.context.kernel.partition("-")[0])
    save(profile, str(out))
    out.chmod(0o644)


if __name__ == "__main__":
    main()
