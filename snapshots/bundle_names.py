"""What the files in a bundle are called."""

from __future__ import annotations

SCHEMA = 1
ENDING = ".icetop.zip"
PROFILE, NOTES, MANIFEST = "profile.pb.gz", "notes.jsonl", "manifest.json"
