"""icetop: a live eBPF profiler in a terminal."""
