"""Threads by the numbers that their own process knows them by."""

from __future__ import annotations

import os
import sys
import threading

import pytest
from icetop.targets.threads import Threads, thread_name

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


def test_a_thread_of_this_process_and_none() -> None:
    ended, numbers = threading.Event(), []
    thread = threading.Thread(target=lambda: (numbers.append(threading.get_native_id()), ended.wait()))
    thread.start()
    while not numbers:
        pass
    threads = Threads()
    assert threads.of(os.getpid(), numbers[0]) == numbers[0]
    assert threads.of(os.getpid(), 1 << 22) == 0
    assert threads.of((1 << 22) + 1, 1) == 0
    assert thread_name(os.getpid(), numbers[0])
    assert thread_name(os.getpid(), 1 << 22) == ""
    ended.set()
    thread.join()
