"""Boots a distribution's kernel in a virtual machine (two CPUs, 2 GB) and runs one shell command there as root.

    boot.py FOLDER COMMAND      FOLDER: where its packages (linux-image, linux-modules, busybox-static) were unpacked

The guest sees this machine's files, read-only; /tmp, /run and some more folders are its own and empty. What the command
says is on stdout, its exit code is this one's. Kernels are emulated where ACCEL=tcg says so, ten to fifty times slower.
"""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

PROJECT = Path(__file__).resolve().parents[2]
MODULES = ("virtio_pci", "9pnet_virtio", "9p")
EXIT_CODE = "exit code of the guest: "
OWN = "/tmp /run /var/tmp /root/.cache"
PROCESSORS = {"kvm": "host", "tcg": "Nehalem"}
"""By accelerator. QEMU 7.2 emulates AVX2 wrongly: with it, sums of numpy's were wrong."""

INIT = """#!/bin/sh
export PATH=/bin
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sysfs /sys; $B mount -t devtmpfs dev /dev
{insmod}
M="$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro"
$M root /root || exec /bin/sh
for own in {own}; do [ -d /root$own ] && $B mount -t tmpfs own /root$own; done
$B mkdir -p /root{project}; $M project /root{project}
$B mount -t tmpfs shm /root/dev/shm
$B cp /guest /root/run/guest
for kind in proc sys dev; do $B mount -o move /$kind /root/$kind; done
exec $B switch_root /root /bin/bash /run/guest
"""

GUEST = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
export PYTHONPATH={project}/.namespace PYTHONDONTWRITEBYTECODE=1
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
dmesg -n 1
cd {project}
{command}
echo "{exit_code}$?"
echo b > /proc/sysrq-trigger; sleep 10
"""


class InitialFiles:
    """The archive (cpio, "newc") that a kernel unpacks as its first file system."""

    def __init__(self) -> None:
        self.content = bytearray()
        for folder in ("bin", "dev", "proc", "sys", "root"):
            self.put(folder, 0o40755, b"")

    def put(self, name: str, mode: int, data: bytes) -> None:
        """Add a file or folder."""
        numbers = (len(self.content), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        self.content += b"070701" + b"".join(b"%08X" % number for number in numbers) + name.encode() + b"\0"
        self.content += bytes(-len(self.content) % 4) + data
        self.content += bytes(-len(self.content) % 4)


def modules_of(folder: Path) -> dict[str, bytes]:
    """The modules that a guest needs, by name, each behind those it depends on; without those built in."""
    files = {path.name.split(".")[0].replace("-", "_"): path for path in folder.glob("lib/modules/*/kernel/**/*.ko*")}
    modules: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name not in files or name in modules:
            return
        data = files[name].read_bytes()
        data = lzma.decompress(data) if files[name].suffix == ".xz" else data
        depends = data.split(b"\0depends=", 1)[1].split(b"\0", 1)[0].decode()
        for other in filter(None, depends.split(",")):
            add(other)
        modules[name] = data

    for name in MODULES:
        add(name)
    return modules


def initial_files(folder: Path, command: str) -> bytes:
    """What the guest begins with: busybox, modules, and an init that mounts this machine's root and runs `command`."""
    modules = modules_of(folder)
    files = InitialFiles()
    files.put("bin/busybox", 0o100755, Path(which("busybox") or folder / "bin/busybox").read_bytes())
    files.put("bin/sh", 0o120777, b"busybox")
    for name, data in modules.items():
        files.put(f"{name}.ko", 0o100644, data)
    insmod = "\n".join(f"$B insmod /{name}.ko" for name in modules)
    guest = GUEST.format(project=PROJECT, command=command, exit_code=EXIT_CODE)
    files.put("guest", 0o100644, guest.encode())
    files.put("init", 0o100755, INIT.format(insmod=insmod, own=OWN, project=PROJECT).encode())
    files.put("TRAILER!!!", 0, b"")
    return bytes(files.content)


def shared(name: str, path: Path) -> list[str]:
    """The words that show a folder to the guest, read-only."""
    what = f"local,id={name},path={path},security_model=none,readonly=on,multidevs=remap"
    return ["-fsdev", what, "-device", f"virtio-9p-pci,fsdev={name},mount_tag={name}"]


def boot(folder: Path, command: str) -> int:
    """Run `command` in a guest with the kernel in `folder`; its exit code, 1 when the guest ended without one."""
    kernel = next(folder.glob("boot/vmlinuz-*"))
    print(f"booting {kernel.name}", flush=True)
    with tempfile.NamedTemporaryFile() as initrd:
        initrd.write(initial_files(folder, command))
        initrd.flush()
        accelerator = os.environ.get("ACCEL", "kvm")
        words = [
            "qemu-system-x86_64",
            "-accel",
            accelerator,
            "-cpu",
            PROCESSORS[accelerator],
            "-smp",
            "2",
            "-m",
            "2048",
        ]
        words += ["-kernel", str(kernel), "-initrd", initrd.name]
        words += ["-append", "console=ttyS0 quiet loglevel=1 panic=-1"]
        words += [*shared("root", Path("/")), *shared("project", PROJECT)]
        words += ["-display", "none", "-serial", "stdio", "-no-reboot", "-net", "none"]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as guest:
            code = 1
            for line in guest.stdout or ():
                text = line.decode(errors="replace").rstrip()
                if text.startswith(EXIT_CODE):
                    code = int(text.removeprefix(EXIT_CODE))
                else:
                    print(text, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(boot(Path(sys.argv[1]), sys.argv[2]))
