"""Who may do what. Three roles; each permission names the smallest role that has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from app.core.errors import ForbiddenError


class Role(StrEnum):
    """The roles, smallest first."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


RANK = {role: rank for rank, role in enumerate(Role)}

# permission -> smallest role. Names are scope:resource:action.
PERMISSIONS: dict[str, Role] = {
    "admin:catalog:read": Role.VIEWER,
    "admin:catalog:edit": Role.EDITOR,
    "admin:provider-model:read": Role.VIEWER,
    "admin:provider-model:edit": Role.EDITOR,
    "admin:provider:read": Role.VIEWER,
    "admin:provider:manage": Role.ADMIN,
    "admin:flag:read": Role.VIEWER,
    "admin:flag:manage": Role.EDITOR,
    "admin:feed:read": Role.VIEWER,
    "admin:feed:manage": Role.ADMIN,
    "admin:feed:sync": Role.ADMIN,
    "admin:sync:read": Role.VIEWER,
    "admin:sync:review": Role.EDITOR,
    "admin:webhook:manage": Role.ADMIN,
    "admin:change:read": Role.VIEWER,
    "admin:change:undo": Role.EDITOR,
    "admin:user:manage": Role.ADMIN,
    "admin:token:manage": Role.ADMIN,
    "own:preferences:edit": Role.VIEWER,
}

ActorKind = Literal["user", "token", "feed", "system"]
ACTOR_KINDS: tuple[ActorKind, ...] = get_args(ActorKind)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a token, a feed or the system. Services take it, never a request."""

    kind: ActorKind
    name: str
    role: Role
    request_id: str | None = None

    def may(self, permission: str) -> bool:
        """Whether the actor's role has the permission; an unknown permission is a KeyError."""
        return RANK[self.role] >= RANK[PERMISSIONS[permission]]

    def require(self, permission: str) -> None:
        """Raise `ForbiddenError` unless the actor may."""
        if not self.may(permission):
            needed = PERMISSIONS[permission].value
            raise ForbiddenError(
                f"this needs the role {needed}; yours is {self.role.value}", needed
            )


SYSTEM = Actor("system", "almanac", Role.ADMIN)
