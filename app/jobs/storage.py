"""Where the queue lives: in Redis where that is set, else beside the catalog."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import make_url

from app.config import Settings

NAME = "almanac"
CONNECT_SECONDS = 2
# Redis may be asked to wait a second for a message.
ANSWER_SECONDS = 5


class NamesOnly(Serializer):  # type: ignore[misc]  # huey has no types
    """A message is the name of a task. Whoever can write to the queue can run nothing else:

    Huey's own way, pickle, would run whatever Redis holds.
    """

    def _serialize(self, data: Any) -> bytes:
        return json.dumps([data.id, data.name]).encode()

    def _deserialize(self, data: bytes) -> Any:
        identity, name = json.loads(bytes(data))
        return Message(str(identity), str(name), retries=0, retry_delay=0, args=(), kwargs={})


def open_storage(settings: Settings) -> Huey:
    """The queue of this installation; for PostgreSQL and SQLite its tables are made where missing.

    Raises whatever the driver does where it cannot be reached (Redis is asked later only).
    """
    common: dict[str, Any] = {"results": False, "serializer": NamesOnly()}
    if settings.redis_url:
        return RedisHuey(NAME, connection_pool=_redis(settings.redis_url), **common)
    url = make_url(settings.database_url)
    if url.get_backend_name() == "postgresql":
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresHuey(NAME, dsn=dsn, connect_timeout=CONNECT_SECONDS, **common)
    path = settings.data_dir / "queue.db"
    _reserve(path)
    return SqliteHuey(NAME, filename=str(path), **common)


def _redis(url: str) -> ConnectionPool:
    """Connections on which nobody waits long: the next tick does without the message."""
    options: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "retry": Retry(NoBackoff(), 1)}
    if not url.startswith("unix:"):
        options["socket_connect_timeout"] = CONNECT_SECONDS
    pool: ConnectionPool = ConnectionPool.from_url(url, **options)
    return pool


def _reserve(path: Path) -> None:
    """Readable by its owner only, like everything in the data folder."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
