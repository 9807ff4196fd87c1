"""icetop's own programs: compiled or kept, loaded, and attached to every CPU for a moment."""

from __future__ import annotations

from ..failures import FAILURES, notice_of
from ..kernel_side import KernelSide
from ..loader.kept import Keeper
from ..loader.offsets import kernel_offsets
from ..options import CollectOptions
from .check import Check, State

PURPOSE = "sampling itself"


def check_programs(attached: bool) -> Check:
    """Whether the real programs load and attach here, and how they do it. Not tried where nothing can be attached."""
    if not attached:
        return Check("programs", State.FAILED, "not tried: nothing can be attached", PURPOSE, "nothing can be sampled")
    keeper = Keeper()
    try:
        side = KernelSide(CollectOptions(), keeper, lambda stage: None)
        side.begin()
        registers = kernel_offsets(keeper)["helper:task_pt_regs"]
    except FAILURES as error:
        notice = notice_of(error)
        finding = ": ".join(filter(None, (notice.what, notice.why)))
        return Check("programs", State.FAILED, finding, PURPOSE, "nothing can be sampled", notice.mend)
    kept = "kept" if side.form.kept else "compiled now"
    side.close()
    way = "bpf_task_pt_regs" if registers else "the kernel stack (before 5.15)"
    finding = f"{kept}, loaded and attached; user registers from {way}"
    if keeper.complaints:
        return Check(
            "programs", State.DEGRADED, finding, PURPOSE, keeper.complaints[0], f"mend or empty {keeper.folder}"
        )
    return Check("programs", State.OK, finding, PURPOSE)
