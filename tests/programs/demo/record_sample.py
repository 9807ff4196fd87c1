"""Records the demonstration as the sample that is shown where eBPF is not permitted: record_sample.py OUT.pb.gz"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from icetop.profiles.time_notes import TimeNote
from icetop.profiles.timeline import SECOND
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.formats import save

SECONDS = 10
DEMO = Path(__file__).parent


def main() -> None:
    out = Path(sys.argv[1]).resolve()
    words = (DEMO / "scenario.py", "--json", "--seconds", str(SECONDS), out)
    command = (DEMO / "run.sh", "/srv/shop/venv/bin/python", *map(str, words))
    environ = {**os.environ, "ICETOP": f"{sys.executable} -m icetop"}
    done = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environ)
    found = json.loads(done.stdout)
    profile = FileSource(str(out)).profile()
    # What the kernel's builder added to its release is about the machine that recorded, not about the scene.
    profile.context = replace(profile.context, kernel=profile.context.kernel.partition("-")[0])
    begin, end = (profile.timeline.start_ns + round(second * SECOND) for second in found["index"])
    profile.add_notes((TimeNote(begin, end, "CREATE INDEX"), TimeNote(end, end, "index made")))
    save(profile, str(out))
    out.chmod(0o644)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
