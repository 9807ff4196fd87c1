"""Profiles at rest: pprof and collapsed stacks, written and read."""
