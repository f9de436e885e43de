"""Mapped classes, one file per aggregate."""

from app.models.base import Base, configure_engine, db, now
from app.models.change import Batch, CatalogRevision, Change
from app.models.entry import CatalogEntry, EntryAlias, EntryTag
from app.models.feed import Claim, Feed, Override
from app.models.flag import FeatureFlag
from app.models.provider import Provider, ProviderModel
from app.models.user import Token, User, UserSession

__all__ = [
    "Base",
    "Batch",
    "CatalogEntry",
    "CatalogRevision",
    "Change",
    "Claim",
    "EntryAlias",
    "EntryTag",
    "FeatureFlag",
    "Feed",
    "Override",
    "Provider",
    "ProviderModel",
    "Token",
    "User",
    "UserSession",
    "configure_engine",
    "db",
    "now",
]
