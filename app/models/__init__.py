"""Mapped classes, one file per aggregate."""

from app.models.base import Base, configure_engine, db, now
from app.models.change import Batch, BatchField, CatalogRevision, Change
from app.models.entry import CatalogEntry, EntryAlias, EntryTag
from app.models.feed import Claim, Feed, Override
from app.models.flag import FeatureFlag
from app.models.provider import Provider, ProviderModel
from app.models.search import SearchWord
from app.models.sync import SyncItem, SyncPlanPart, SyncRun
from app.models.user import Token, User, UserSession
from app.models.view import SavedView
from app.models.webhook import Delivery, Webhook

__all__ = [
    "Base",
    "Batch",
    "BatchField",
    "CatalogEntry",
    "CatalogRevision",
    "Change",
    "Claim",
    "Delivery",
    "EntryAlias",
    "EntryTag",
    "FeatureFlag",
    "Feed",
    "Override",
    "Provider",
    "ProviderModel",
    "SavedView",
    "SearchWord",
    "SyncItem",
    "SyncPlanPart",
    "SyncRun",
    "Token",
    "User",
    "UserSession",
    "Webhook",
    "configure_engine",
    "db",
    "now",
]
