"""The messages of the queue, and what each of them makes a consumer do."""

from __future__ import annotations

import structlog
from huey import Huey, crontab

from app.jobs.performer import Performer

_log = structlog.get_logger("almanac.jobs")


def declare(huey: Huey, performer: Performer | None) -> None:
    """Name the tasks; without a performer they can be asked for only, not done."""

    @huey.task(name="work")  # type: ignore[untyped-decorator]  # huey has no types
    def work() -> None:
        if performer is not None:
            performer.do_runs()

    @huey.task(name="deliver")  # type: ignore[untyped-decorator]
    def deliver() -> None:
        if performer is not None:
            performer.send_messages()

    @huey.periodic_task(crontab(), name="tick")  # type: ignore[untyped-decorator]
    def tick() -> None:
        if performer is not None:
            look_around(huey, performer)


def look_around(huey: Huey, performer: Performer) -> None:
    """What is done every minute, so that nothing depends on a message that arrives."""
    if performer.look():
        # As many messages as runs may go on at once, this thread being one of them.
        for _ in range(performer.threads - 1):
            ask(huey, "work")
        performer.do_runs()
    performer.send_messages()
    performer.tidy()


def ask(huey: Huey, name: str) -> bool:
    """Put a message into the queue; False where the queue cannot be reached."""
    try:
        registry = huey._registry  # noqa: SLF001 -- by name: the function is a closure above
        huey.enqueue(registry.string_to_task(f"{__name__}.{name}")())
    except Exception as exc:  # noqa: BLE001 -- each kind of storage has errors of its own
        _log.warning("the queue cannot be reached", reason=str(exc))
        return False
    return True
