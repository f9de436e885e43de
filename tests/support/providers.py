"""Provider models for tests of providers."""

import itertools
from typing import Any

from sqlalchemy.orm import Session

from app.models import ProviderModel, now

_numbers = itertools.count(1)


def make_model(
    session: Session, provider_id: int, entry_id: int, *, active: bool = True, **values: Any
) -> ProviderModel:
    """A provider model as a feed would leave it; not committed."""
    number = next(_numbers)
    known = {"public_id": f"pmdl_{number}", "raw_id": f"model-{number}", "status": "filled"}
    model = ProviderModel(
        provider_id=provider_id,
        entry_id=entry_id,
        active=active,
        created_at=now(),
        updated_at=now(),
        **(known | values),
    )
    session.add(model)
    session.flush()
    return model
