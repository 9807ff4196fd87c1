"""Rows for code that has no unwind information, from what its instructions do to the stack pointer.

musl, and so every program on Alpine Linux, has none. From a function's first instruction on, and back from its return,
each push, pop and the like says how far away the return address is. Where both are unknown there is no row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from .rows import END, NONE, RBP_UNCHANGED, Row, RowKind
from .x86_64 import JUMPS, OUTERMOST, PADDING
from .x86_64_instructions import Decoded, Effect, decode

_FRAME = 5
_FALLS_NOT = (Effect.JUMP, Effect.RETURN, Effect.STOP, Effect.INVALID)
_BREAKS = (*_FALLS_NOT, Effect.CALL, Effect.BRANCH)

MOST_TRIES = 1 << 14
"""Instructions looked at, of a piece of code, to find out where functions begin that nothing calls."""


class Depth(NamedTuple):
    """Where the return address is: CFA = rsp + `stack` = rbp + `frame`, as far as each is known.

    `saved` is where rbp is saved, from the CFA (None: it is the caller's). `ended`: the code is a thread's outermost.
    """

    stack: int | None
    frame: int | None = None
    saved: int | None = None
    ended: bool = False


ENTRY = Depth(8)


@lru_cache(1024)
def row_of_depth(depth: Depth | None) -> bytes:
    """The packed row; NONE for what is not known."""
    offset = None if depth is None else depth.frame if depth.stack is None else depth.stack
    if depth is not None and depth.ended:
        return END
    if depth is None or offset is None or not 8 <= offset < 1 << 17 or offset % 8:
        return NONE
    saved = RBP_UNCHANGED if depth.saved is None else depth.saved // 8
    return Row(RowKind.RBP if depth.stack is None else RowKind.RSP, 0, saved, offset).pack()


def after(before: Depth, effect: Effect, operand: int) -> Depth:
    """The depth after an instruction."""
    stack, frame, saved, ended = before
    if effect is Effect.PUSH:
        stack = None if stack is None else stack + 8
        if operand == _FRAME and saved is None and frame is None and stack is not None:
            saved = -stack
    elif effect is Effect.POP:
        if operand == _FRAME:
            frame = saved = None
        stack = None if stack is None else stack - 8
    elif effect is Effect.ADD:
        stack = None if stack is None else stack - operand
    elif effect is Effect.RSP_TO_RBP:
        frame = stack
    elif effect is Effect.RBP_TO_RSP:
        stack = None if frame is None else frame - operand
    elif effect is Effect.LEAVE:
        stack, frame, saved = (None if frame is None else frame - 8), None, None
    elif effect is Effect.LOSE_RSP:
        stack = None
    elif effect is Effect.CLEAR_RBP:
        # Whoever returns has to give rbp back: zero in it, unsaved, marks the outermost frame (System V ABI, 3.4.1).
        ended = ended or (stack == ENTRY.stack and saved is None and frame is None)
    return Depth(stack, frame, saved, ended)


def before(after: Depth, effect: Effect, operand: int) -> Depth:
    """The depth before an instruction; not known at all (`Depth(None)`) where it does not follow."""
    stack, frame, saved, _ = after
    if effect is Effect.PUSH:
        if operand == _FRAME and stack is not None and saved == -stack:
            saved = None
        stack = None if stack is None else stack - 8
    elif effect is Effect.POP:
        stack = None if stack is None else stack + 8
        if operand == _FRAME:
            frame, saved = None, None if stack is None else -stack
    elif effect is Effect.ADD:
        stack = None if stack is None else stack + operand
    elif effect is Effect.RSP_TO_RBP:
        stack, frame = frame if stack is None else stack, None
    elif effect is Effect.RBP_TO_RSP:
        frame, stack = None if stack is None else stack + operand, None
    elif effect is Effect.LEAVE:
        frame, saved, stack = (None, None, None) if stack is None else (stack + 8, -stack - 8, None)
    elif effect in (Effect.LOSE_RSP, Effect.CLEAR_RBP):
        return Depth(None)
    return Depth(stack, frame, saved)


class CodeWalk:
    """The depths at each instruction of a piece of code, which is loaded at `address`.

    `places` are the offsets of the instructions, `depths` what is known at each.
    """

    def __init__(self, code: bytes, address: int) -> None:
        self._code = code
        self._address = address
        self.places: list[int] = []
        self._decoded: list[Decoded] = []
        place = 0
        while place < len(code):
            decoded = decode(code, place)
            self.places.append(place)
            self._decoded.append(decoded)
            place += decoded[0]
        self.depths: list[Depth | None] = [None] * len(self.places)
        self._index = {place: index for index, place in enumerate(self.places)}
        self._targets = [self._target(index) for index in range(len(self.places))]
        self._called = {
            target
            for target, (_, effect, _) in zip(self._targets, self._decoded, strict=True)
            if target is not None and effect is Effect.CALL
        }
        self._sources: dict[int, list[int]] = {}
        self._work: list[int] = []
        self._tries = MOST_TRIES
        for index, (target, (_, effect, _)) in enumerate(zip(self._targets, self._decoded, strict=True)):
            if target is not None and effect is not Effect.CALL:
                self._sources.setdefault(target, []).append(index)
        self._solve()

    def rows(self, begin: int, end: int) -> tuple[list[int], list[bytes]]:
        """Starts (as addresses) and rows from one address to another."""
        starts: list[int] = []
        rows: list[bytes] = []
        first = max(0, bisect_left(self.places, begin - self._address + 1) - 1)
        for index in range(first, len(self.places)):
            start = self.places[index] + self._address
            if start >= end:
                break
            depth = self.depths[index]
            row = row_of_depth(depth)
            if not rows or rows[-1] != row:
                starts.append(max(start, begin))
                rows.append(row)
        return starts, rows

    def _target(self, index: int) -> int | None:
        length, effect, operand = self._decoded[index]
        if effect not in (Effect.JUMP, Effect.BRANCH, Effect.CALL) or (effect is Effect.CALL and not operand):
            return None
        return self._index.get(self.places[index] + length + operand)

    def _solve(self) -> None:
        self._set([index for index, decoded in enumerate(self._decoded) if decoded[1] is Effect.RETURN], ENTRY)
        self._spread_back()
        known = [index for index, depth in enumerate(self.depths) if depth is not None]
        self._set(self._called, ENTRY)
        self._work += known
        self._spread()
        for index in range(len(self.places)):
            if self._code.startswith(OUTERMOST, self.places[index]):
                self.depths[index] = Depth(8, ended=True)
                self._work.append(index)
            elif self.depths[index] is None and self._may_be_a_function(index) and self._fits(index):
                self._set([index], ENTRY)
            self._spread()

    def _may_be_a_function(self, index: int) -> bool:
        """Whether an instruction stands where compilers put functions: aligned, first or after others' ends."""
        if (self.places[index] + self._address) % 16:
            return False
        index -= 1
        while index >= 0 and self._code.startswith(PADDING, self.places[index]):
            index -= 1
        return index < 0 or self._decoded[index][1] in (*_FALLS_NOT, Effect.CALL)

    def _fits(self, index: int) -> bool:
        """Whether all ways that begin as a function fit what is known where they lead.

        One has to lead there, unless the first instruction makes room on the stack or is a jump to anywhere.
        """
        fits = self._makes_room(index) or self._code.startswith(JUMPS, self.places[index])
        depths, work = {index: ENTRY}, [index]
        while work:
            index = work.pop()
            self._tries -= 1
            if self._tries < 0:
                return False
            for follower, depth in self._following(index, depths[index]):
                known = self.depths[follower] or depths.get(follower)
                if known is None:
                    depths[follower] = depth
                    work.append(follower)
                elif known.stack != depth.stack:
                    return False
                else:
                    fits = fits or self.depths[follower] is not None
        return fits

    def _following(self, index: int, depth: Depth) -> list[tuple[int, Depth]]:
        """The instructions to which control goes from one, with the depth there."""
        _, effect, operand = self._decoded[index]
        target = self._targets[index]
        found = []
        following = after(depth, effect, operand)
        if index + 1 < len(self.places) and effect not in _FALLS_NOT and not self._may_end_with(index):
            found.append((index + 1, following))
        if target is not None and effect is not Effect.CALL:
            found.append((target, following))
        return found

    def _may_end_with(self, index: int) -> bool:
        """Whether an instruction is a call that may not return: what follows looks like the next function."""
        if self._decoded[index][1] is not Effect.CALL:
            return False
        following = self.places[index + 1]
        if self._code.startswith(PADDING, following):
            return True
        return not (following + self._address) % 16 and self._makes_room(index + 1)

    def _makes_room(self, index: int) -> bool:
        """Whether an instruction is one that functions begin with."""
        _, effect, operand = self._decoded[index]
        return effect is Effect.PUSH or (effect is Effect.ADD and operand < 0)

    def _set(self, indexes: Iterable[int], depth: Depth) -> None:
        for index in indexes:
            if self.depths[index] is None and (depth.stack, depth.frame, depth.ended) != (None, None, False):
                self.depths[index] = depth
                self._work.append(index)

    def _spread(self) -> None:
        """Carry what is known to the instructions that follow."""
        while self._work:
            index = self._work.pop()
            depth = self.depths[index]
            for follower, following in self._following(index, depth) if depth is not None else ():
                self._set([follower], following)

    def _spread_back(self) -> None:
        """Carry what is known to the instructions ahead."""
        while self._work:
            index = self._work.pop()
            depth = self.depths[index]
            if depth is None:
                continue
            self._set(self._sources.get(index, ()), depth)
            _, effect, operand = self._decoded[index - 1]
            if not index or effect in _FALLS_NOT:
                continue
            # Calls leave rsp at a multiple of 16: anything else is the next function, after a call that never returns.
            if effect is not Effect.CALL or ((depth.stack or 0) % 16 == 0 and not self._leaves_arguments(index - 1)):
                self._set([index - 1], before(depth, effect, operand))

    def _leaves_arguments(self, index: int) -> bool:
        """Whether a call has arguments pushed that nobody takes off the stack after it: then it does not return."""
        effects = [decoded[1] for decoded in self._decoded[max(index - 8, 0) : index + 6]]
        call = min(index, 8)
        ahead = next((place for place in range(call - 1, -1, -1) if effects[place] in _BREAKS), -1)
        if Effect.PUSH not in effects[ahead + 1 : call]:
            return False
        return Effect.ADD not in effects[call + 1 :] and Effect.POP not in effects[call + 1 :]
