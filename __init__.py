"""icetop: a live eBPF profiler in a terminal."""

__version__ = "0.1.0"
