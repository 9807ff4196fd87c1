"""A bundle: all that a post-mortem needs in one zip file that opens anywhere.

profile.pb.gz  the profile, second by second, with its build-IDs and all names that were found
notes.jsonl    what people wrote on the time line
processes.json what ran: processes, containers, pods, services
binaries.json  the binaries that were hit, with their build-IDs, and how much of each has names
doctor.json    what `icetop doctor` says, where the profile is of this machine
icicle.svg     a picture for any browser
summary.md     one page: top functions, what changed, how far all that can be trusted
manifest.json  what this is, and the checksums of the others

Environment variables are in none of them. Titles of processes and the command that was recorded are masked where they
look like secrets, or left out.
"""

from __future__ import annotations

import io
import json
import zipfile
from copy import copy
from dataclasses import replace
from hashlib import sha256
from typing import Any

from .. import __version__
from ..profiles.locations import Location
from ..profiles.profile import Profile
from ..profiles.report import PLACES, Report, build_report
from ..profiles.report_json import iso_time
from ..profiles.summary import summary_markdown
from ..profiles.view import Stretch, View
from .bundle_names import MANIFEST, NOTES, PROFILE, SCHEMA
from .notes_file import encode_notes
from .pprof_writer import encode_pprof
from .secrets import masked
from .svg import encode_svg

WHOLE_HOST = "host"
"""What the target of a profile of everything is called: no secret."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all files in a bundle: one profile always gives one bundle, byte for byte."""


def encode_bundle(profile: Profile, view: View, doctor: str | None = None, cmdline: bool = True) -> bytes:
    """The bundle of a view's stretch and baseline. `cmdline` off leaves titles and commands out altogether."""
    stretch = covered(view)
    profile = _without_secrets(profile, stretch, cmdline)
    report = build_report(profile, view, "flat" if view.baseline is None else "delta")
    files = {
        PROFILE: encode_pprof(profile, stretch),
        NOTES: encode_notes(profile.notes),
        "processes.json": _json(
            [_process(row) for row in build_report(profile, replace(view, baseline=None)).processes]
        ),
        "binaries.json": _json(_binaries(profile)),
        "icicle.svg": encode_svg(profile, view),
        "summary.md": summary_markdown(profile, report).encode(),
    }
    if doctor is not None:
        files["doctor.json"] = doctor.encode()
    files[MANIFEST] = _json(_manifest(report, files))
    return _zipped(files)


def covered(view: View) -> Stretch:
    """The time that a view shows, with that of a baseline beside it on the same time line, and what lies between."""
    base = view.baseline
    if base is None or base.beside or base.stretch is None:
        return view.stretch
    starts = [side.start_ns for side in (view.stretch, base.stretch) if side.start_ns is not None]
    ends = [side.end_ns for side in (view.stretch, base.stretch) if side.end_ns is not None]
    return Stretch(min(starts) if len(starts) == 2 else None, max(ends) if len(ends) == 2 else None)


def _without_secrets(profile: Profile, stretch: Stretch, cmdline: bool) -> Profile:
    """The profile with other labels, target and notes; all else is shared with it."""
    hidden = copy(profile)
    hidden.labels = [
        {name: text if name == "exe" else masked(text) for name, text in labels.items() if cmdline or name != "title"}
        for labels in profile.labels
    ]
    target = profile.context.target
    kept = masked(target) if cmdline else target if target == WHOLE_HOST else ""
    hidden.context = replace(profile.context, target=kept)
    hidden.notes = [note for note in profile.notes if note.within(stretch.start_ns, stretch.end_ns)]
    return hidden


def _process(row: Any) -> dict[str, object]:
    places = {place: row.places[place] for place in PLACES if row.places[place]}
    return {
        "pid": row.pid,
        "name": row.name,
        "title": row.title,
        **places,
        "samples": row.samples,
        "percent": round(row.percent, 3),
    }


def _binaries(profile: Profile) -> list[dict[str, object]]:
    """Each binary, with how many of the places hit in it have names: what `--symbols` could still add."""
    found: dict[tuple[str, str], list[Location]] = {}
    for location in profile.locations:
        found.setdefault((location.binary, location.build_id), []).append(location)
    return [
        {
            "binary": binary,
            "build_id": build_id,
            "places": len(places),
            "named": sum(bool(place.lines) for place in places),
        }
        for (binary, build_id), places in sorted(found.items())
    ]


def _manifest(report: Report, files: dict[str, bytes]) -> dict[str, object]:
    context = report.context
    return {
        "schema": SCHEMA,
        "icetop": __version__,
        "recorded_with": context.version,
        "host": context.host,
        "kernel": context.kernel,
        "cpus": context.cpus,
        "start": iso_time(report.start_ns),
        "duration_s": report.duration_ns / 1e9,
        "target": report.target,
        "files": {
            name: {"bytes": len(content), "sha256": sha256(content).hexdigest()} for name, content in files.items()
        },
    }


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
