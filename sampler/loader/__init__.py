"""From C in `bpf/` to programs attached in the kernel: compiled once by bcc, loaded without it from then on."""
