"""Which spellings mean the same model, and what the catalog calls it."""

from app.core.identity.canonical import canonical_id
from app.core.identity.grouping import Spelling, group_spellings, representative
from app.core.identity.spelling import identity_key
from app.core.identity.vendors import is_own_provider, lab_of

__all__ = [
    "Spelling",
    "canonical_id",
    "group_spellings",
    "identity_key",
    "is_own_provider",
    "lab_of",
    "representative",
]
