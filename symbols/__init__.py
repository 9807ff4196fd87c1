"""From an address to a name: ELF files, the kernel, perf maps, demangling. No bcc."""
