"""Greenlets that take turns: `python greenlets.py SECONDS`. Each goes down as many calls as its number."""

import sys
import time

import greenlet

NUMBER = 4


def spin():
    return sum(range(3000))


def down(depth):
    if depth:
        down(depth - 1)
        return
    while time.process_time() < float(sys.argv[1]):
        spin()
        hub.switch()


def run_hub():
    live = [greenlet.greenlet(down) for _ in range(NUMBER)]
    while live:
        for number, each in enumerate(live):
            each.switch(*([] if each else [number]))
        live = [each for each in live if not each.dead]


hub = greenlet.greenlet(run_hub)
hub.switch()
