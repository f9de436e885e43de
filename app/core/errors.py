"""Domain errors. `app.web.errors` maps each to a status, a page and a JSON body.

``code`` is a stable slug that programs may compare; the message is for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of what somebody sent."""

    field: str
    message: str


class AlmanacError(Exception):
    """Base of all errors a caller can cause or should see."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request failed"
    status: ClassVar[int] = 400

    def __init__(self, message: str, details: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class ValidationError(AlmanacError):
    """Something sent is not acceptable; `details` name the fields."""

    code = "validation_error"
    title = "The request is not valid"


class UnauthenticatedError(AlmanacError):
    """No credentials, or credentials that are not valid."""

    code = "unauthenticated"
    title = "Authentication is required"
    status = 401


class ForbiddenError(AlmanacError):
    """The actor's role does not allow this; ``needed`` is the smallest role that does."""

    code = "forbidden"
    title = "Not allowed"
    status = 403

    def __init__(self, message: str, needed: str | None = None) -> None:
        super().__init__(message)
        self.needed = needed


class NotFoundError(AlmanacError):
    """There is no such record."""

    code = "not_found"
    title = "Not found"
    status = 404


class ConflictError(AlmanacError):
    """The record is no longer what the caller acted on, or a name is taken."""

    code = "conflict"
    title = "Conflict"
    status = 409


class EditConflictError(ConflictError):
    """The value in force is no longer the one the editor was opened on; ``current`` has it."""

    code = "edit_conflict"
    title = "Somebody changed this meanwhile"

    def __init__(self, message: str, current: Mapping[str, Any]) -> None:
        super().__init__(message, [FieldProblem(name, "has another value now") for name in current])
        self.current = dict(current)


class RaceError(ConflictError):
    """Somebody else created or changed one of the same records at the same moment."""

    code = "race"


class BusyError(AlmanacError):
    """The database is locked by another writer for too long; trying again helps."""

    code = "busy"
    title = "The database is busy"
    status = 503


class PreconditionError(AlmanacError):
    """`If-Match` named another version."""

    code = "precondition_failed"
    title = "The record has changed"
    status = 412


class FeedError(AlmanacError):
    """A feed could not be fetched, read or believed; nothing was written.

    ``transient``: the same question may be answered later. ``retry_after``: seconds that the
    server asked to wait until then, None where it did not say.
    """

    code = "feed_error"
    title = "The feed could not be used"
    status = 409

    def __init__(
        self,
        message: str,
        details: Sequence[FieldProblem] = (),
        *,
        transient: bool = False,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, details)
        self.transient = transient
        self.retry_after = retry_after


class FeedFormatError(FeedError):
    """An answer is not what its feed kind promises."""

    code = "feed_format"


class GuardError(FeedError):
    """A guard refused the whole run (empty answer, too few models)."""

    code = "feed_guard"


class FewerModelsError(GuardError):
    """An answer holds far fewer models than were known; a person may believe it all the same."""

    code = "fewer_models"


class StalePlanError(ConflictError):
    """The plan was overtaken by another run of its feed."""

    code = "stale_plan"
    title = "The plan is stale"


class ConfigurationError(AlmanacError):
    """A setting has a wrong value; the start stops."""

    code = "configuration"
    title = "Wrong configuration"
    status = 500
