"""C that runs in the kernel, shipped as data: programs (`*.bpf.c`), the headers they share, and stub kernel headers.

The programs are joined into one text by `icetop.sampler.loader.source` and compiled by bcc against `include/`, which
holds the little that bcc's own prelude asks of a kernel tree.
"""
