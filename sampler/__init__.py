"""Live data: the loader of eBPF programs, the collector, and the wire between collector and app."""
