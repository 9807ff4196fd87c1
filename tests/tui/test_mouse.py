"""The mouse alone: moving, zooming, the stack, the footer's keys, the picker."""

from __future__ import annotations

from icetop.tests.tui.moving_source import MovingSource
from icetop.tests.tui.test_app import running


async def test_all_of_it_by_mouse() -> None:
    async with running(MovingSource(live=False, backlog=70, limit=70), size=(120, 40)) as person:
        board, click = person.app._board, person._pilot.click
        await person.sees("gunicorn: shop.wsgi")
        await click(board.icicle, offset=(3, 3))
        await person.sees("Flask.wsgi_app /usr/lib")
        await click(board.icicle, offset=(3, 3))
        await person.sees("› Worker.handle_request ›")
        await click(board.details, offset=(5, 1))
        text = await person.sees("gunicorn/workers/sync.py:182")
        await click(offset=(text.splitlines()[-1].index("esc"), 39))
        await person.sees("› Worker.handle_request ›")
        await click(board.icicle, offset=(3, 0))
        await person.sees(lambda text: "› Worker.handle_request ›" not in text and "postgres: shop" in text)
        here = (await person.sees("pick")).splitlines()[-1]
        await click(board.footer, offset=(here.index("p pick"), 0))
        text = await person.sees("pick what to look at")
        await click(offset=(text.splitlines()[-1].index("back"), 39))
        await person.sees(lambda text: "pick what" not in text)
        await click(board.footer, offset=(here.index("p pick"), 0))
        await person.sees("pick what to look at")
        chooser = person.app.screen.chooser
        place = next(place for place, entry in enumerate(chooser._shown) if entry.key == 812)
        await click(chooser, offset=(10, chooser._first + place))
        await click(chooser, offset=(10, chooser._first + place))
        await person.sees("target  pid 812")
