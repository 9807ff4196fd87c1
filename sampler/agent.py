"""A collector on a pipe: deltas on stdout, orders on stdin. It ends when it is told to, or when its reader is gone."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import IO

from ..profiles.delta import Delta, Notice
from .command import CannotStart
from .failures import FAILURES, notice_of
from .options import HIGHEST_HZ, LOWEST_HZ, CollectOptions
from .session import Session
from .wire import BadMessage, pack_delta, read_messages, unpack_target, write_message


def run_agent(options: CollectOptions, orders: IO[bytes] | None = None, output: IO[bytes] | None = None) -> int:
    """Collect until the orders end or say `stop`. Gives the exit status: 0, or 1 when sampling could not start."""
    orders, output = orders or sys.stdin.buffer, output or sys.stdout.buffer
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def tell(stage: str) -> None:
        now = time.time_ns()
        write_message(output, {"delta": pack_delta(Delta(now, now, stage=stage))})

    try:
        tell("starting")
        try:
            session = Session(options, tell, end_with_target=False)
        except FAILURES as error:
            return _fail(output, notice_of(error))
        signal.signal(signal.SIGTERM, lambda *_: session.stop())
        threading.Thread(target=_obey, args=(orders, session), daemon=True).start()
        try:
            for delta in session.deltas():
                write_message(output, {"delta": pack_delta(delta)})
        except CannotStart as error:
            return _fail(output, notice_of(error))
        finally:
            session.close()
    except BrokenPipeError:
        return 0
    return 0


def _obey(orders: IO[bytes], session: Session) -> None:
    """Carry out orders; the end of the stream is the order to stop."""
    try:
        for message in read_messages(orders):
            order = message.get("order")
            if order == "target":
                session.retarget(unpack_target(message))
            elif order == "rate" and LOWEST_HZ <= (hz := message.get("hz", 0)) <= HIGHEST_HZ:
                session.set_rate(hz)
            elif order == "java_maps":
                session.ask_java_for_names()
            elif order == "waits":
                session.follow_waits()
            elif order == "stop":
                break
    except (BadMessage, OSError, ValueError, TypeError):
        pass
    session.stop()


def _fail(output: IO[bytes], notice: Notice) -> int:
    write_message(output, {"failure": [notice.level, notice.what, notice.why, notice.mend]})
    return 1
