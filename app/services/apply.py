"""Puts the plan of a sync in force, inside one write transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.core.hashing import same
from app.core.plan import ClaimChange, FeedPlan, Ref
from app.core.resolve import Said, State, resolve
from app.models import (
    CatalogEntry,
    Change,
    Claim,
    EntryAlias,
    Feed,
    Provider,
    ProviderModel,
    now,
)
from app.queries.states import (
    Record,
    chunks,
    entry_name_claim,
    entry_names,
    load_records,
    trusted_fields,
)
from app.services.decide import settled
from app.services.maintenance import refresh_statistics
from app.services.search_index import index_entries, index_provider_models, search_text
from app.services.write import (
    Action,
    Edit,
    bump_revision,
    change_row,
    insert_rows,
    plot_prices,
    write_edits,
)
from app.upstreams.base import UpstreamProvider

BLANK: dict[RecordType, dict[str, Any]] = {
    "entry": dict.fromkeys(FIELDS["entry"]) | {"active": True, "experimental": False, "tags": []},
    "provider_model": dict.fromkeys(FIELDS["provider_model"]) | {"active": False},
}
Named = type[CatalogEntry] | type[Provider] | type[ProviderModel]
# So many new records make what the query planner believes of the tables wrong.
MANY = 500
COUNTED = ("added", "updated", "protected", "retired", "reactivated")


@dataclass(slots=True)
class Applied:
    """What a sync did, in records. `counts` has a dict for entries and one for provider models."""

    counts: dict[RecordType, dict[str, int]] = field(
        default_factory=lambda: {
            "provider_model": dict.fromkeys(COUNTED, 0),
            "entry": dict.fromkeys(COUNTED, 0),
        }
    )

    def count(self, record_type: RecordType, what: str, number: int = 1) -> None:
        """Add to one of the counts."""
        self.counts[record_type][what] += number


@dataclass(slots=True)
class Run:
    """One apply: the feed, its batch, and the ids of what it created."""

    session: Session
    feed: Feed
    batch_id: int
    action: Action
    moment: int = field(default_factory=now)
    provider_ids: dict[str, int] = field(default_factory=dict)
    entry_ids: dict[str, int] = field(default_factory=dict)
    model_ids: dict[tuple[Ref, str], int] = field(default_factory=dict)
    applied: Applied = field(default_factory=Applied)

    def entry_id(self, ref: Ref) -> int:
        """The row id behind a reference to an entry."""
        return ref if isinstance(ref, int) else self.entry_ids[ref]

    def provider_id(self, ref: Ref) -> int:
        """The row id behind a reference to a provider."""
        return ref if isinstance(ref, int) else self.provider_ids[ref]


def apply_plan(run: Run, plan: FeedPlan, providers: Sequence[UpstreamProvider]) -> Applied:
    """Write everything the plan says: new records, claims, and what they put in force.

    Records whose claims changed are locked and resolved against their overrides
    as they are now, so that an edit made since the plan stands.
    """
    _lock_entries(run, plan)
    _create_providers(run, providers)
    _create_entries(run, plan)
    _create_models(run, plan)
    _write_claims(run, "provider_model", plan.model_claims)
    _write_claims(run, "entry", plan.entry_claims)
    _write_misses(run, plan)
    _write_aliases(run, plan)
    _index_new(run)
    created = set(run.entry_ids.values())
    entry_ids = {run.entry_id(c.ref) for c in plan.entry_claims if isinstance(c.ref, int | str)}
    _settle(run, "entry", (entry_ids | set(plan.entry_misses)) - created)
    model_ids = {c.ref for c in plan.model_claims if isinstance(c.ref, int)}
    _settle(run, "provider_model", model_ids | set(plan.missing))
    if len(plan.new_entries) + len(plan.new_models) >= MANY:
        refresh_statistics(run.session)
    bump_revision(run.session)
    return run.applied


def _lock_entries(run: Run, plan: FeedPlan) -> None:
    """All entries concerned, before anything that depends on them is read or written."""
    refs: set[Any] = {claim.ref for claim in plan.entry_claims} | plan.entry_misses.keys()
    refs |= {link for _, link in plan.new_models} | set(plan.aliases.values())
    for some in chunks(sorted(ref for ref in refs if isinstance(ref, int))):
        run.session.execute(
            select(CatalogEntry.id)
            .where(CatalogEntry.id.in_(some))
            .order_by(CatalogEntry.id)
            .with_for_update(key_share=True)
        )


def _public_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"


def _create_providers(run: Run, providers: Sequence[UpstreamProvider]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "public_id": _public_id("prov"),
            "name": provider.name[:255],
            "vendor": provider.key[:255],
            "feed_key": provider.key[:255],
            "base_url": provider.base_url,
            "endpoints": [],
            "metadata": dict(provider.metadata),
            "created_at": run.moment,
            "updated_at": run.moment,
        }
        for provider in providers
    ]
    ids = _insert(run.session, Provider, rows)
    run.provider_ids = {str(row["feed_key"]): ids[str(row["public_id"])] for row in rows}
    _log_created(run, "provider", ids)


def _log_created(run: Run, record_type: str, rows: Mapping[str, int]) -> None:
    """One row of the change log for each new record, naming it; its values are its claims."""
    changes = [
        change_row(run.batch_id, record_type, i, "*", (None, False), ({"public_id": name}, False))
        for name, i in rows.items()
    ]
    insert_rows(run.session, Change, changes)


def _said(run: Run, fields: Mapping[str, Any], record_type: RecordType) -> Said:
    trusted = trusted_fields(run.feed.kind, run.feed.trusted_fields)
    only = trusted if record_type == "entry" else None
    return Said(run.feed.name, run.feed.priority, fields, only)


def _new_row(run: Run, record_type: RecordType, claims: Sequence[Said]) -> dict[str, Any]:
    blank = State(BLANK[record_type], {}, {}, "none", "init", ())
    state = resolve(record_type, claims, {}, blank, "none")
    row = dict(state.values)
    if record_type == "provider_model":
        row |= plot_prices(row["pricing"])
    return row | {
        "sources": dict(state.sources),
        "drift": None,
        "manual_fields": [],
        "status": state.status,
        "protection": "none",
        "version": 1,
        "last_synced_at": run.moment,
        "created_at": run.moment,
        "updated_at": run.moment,
    }


def _insert(session: Session, table: Named, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Insert rows; return their ids by public id."""
    insert_rows(session, table, rows)
    ids: dict[str, int] = {}
    for some in chunks([str(row["public_id"]) for row in rows]):
        statement = select(table.public_id, table.id).where(table.public_id.in_(some))
        ids |= dict(session.execute(statement).all())
    return ids


def _create_entries(run: Run, plan: FeedPlan) -> None:
    claims = {claim.ref: claim.fields for claim in plan.entry_claims}
    rows = [
        {
            **_new_row(run, "entry", [_said(run, claims.get(new.identity_key, {}), "entry")]),
            "public_id": new.public_id,
            "identity_key": new.identity_key,
        }
        for new in plan.new_entries
    ]
    for some in chunks([new.public_id for new in plan.new_entries]):
        # What was another spelling of some entry is the name of one now.
        run.session.execute(delete(EntryAlias).where(EntryAlias.alias.in_(some)))
    ids = _insert(run.session, CatalogEntry, rows)
    run.entry_ids = {new.identity_key: ids[new.public_id] for new in plan.new_entries}
    run.applied.count("entry", "added", len(rows))
    _log_created(run, "entry", ids)


def _create_models(run: Run, plan: FeedPlan) -> None:
    known = {ref for _, ref in plan.new_models if isinstance(ref, int)}
    names = entry_names(run.session, known)
    enabled = _auto_enabled(run, plan)
    rows = []
    for model, link in plan.new_models:
        claims = [_said(run, model.fields, "provider_model")]
        if isinstance(link, int) and link in names:
            claims.append(entry_name_claim(names[link]))
        provider_id = run.provider_id(model.provider_ref)
        rows.append(
            {
                **_new_row(run, "provider_model", claims),
                "public_id": _public_id("pmdl"),
                "provider_id": provider_id,
                "entry_id": run.entry_id(link),
                "raw_id": model.raw_id,
                "active": provider_id in enabled,
            }
        )
    ids = _insert(run.session, ProviderModel, rows)
    for (model, _), row in zip(plan.new_models, rows, strict=True):
        run.model_ids[model.provider_ref, model.raw_id] = ids[row["public_id"]]
    run.applied.count("provider_model", "added", len(rows))
    _log_created(run, "provider_model", ids)


def _auto_enabled(run: Run, plan: FeedPlan) -> set[int]:
    """The providers whose new models arrive switched on."""
    ids = {run.provider_id(model.provider_ref) for model, _ in plan.new_models}
    enabled: set[int] = set()
    for some in chunks(ids):
        statement = select(Provider.id, Provider.meta).where(Provider.id.in_(some))
        enabled |= {
            i
            for i, meta in run.session.execute(statement)
            if str(meta.get("auto_enable_new_models", "")).lower() == "true"
        }
    return enabled


def _claimed_id(run: Run, record_type: RecordType, ref: Ref | tuple[Ref, str]) -> int:
    if isinstance(ref, tuple):
        return run.model_ids[ref]
    return run.entry_id(ref) if record_type == "entry" else int(ref)


def _write_claims(run: Run, record_type: RecordType, claims: Sequence[ClaimChange]) -> None:
    new, changed = [], []
    for claim in claims:
        row = {
            "feed_id": run.feed.id,
            "record_type": record_type,
            "record_id": _claimed_id(run, record_type, claim.ref),
            "fields": dict(claim.fields),
            "about": None if claim.about is None else dict(claim.about),
            "content_hash": claim.content_hash,
            "changed_at": run.moment,
            "last_seen_at": run.moment,
            "misses": claim.misses,
        }
        if claim.is_new:
            new.append(row | {"first_seen_at": run.moment})
        else:
            changed.append({f"_{name}": value for name, value in row.items()})
    insert_rows(run.session, Claim, new)
    if changed:
        table = Claim.__table__
        keys = ("feed_id", "record_type", "record_id")
        names = ("fields", "about", "content_hash", "changed_at", "last_seen_at", "misses")
        statement = (
            update(table)  # type: ignore[arg-type]
            .where(*(table.c[n] == bindparam(f"_{n}") for n in keys))
            .values({n: bindparam(f"_{n}", type_=table.c[n].type) for n in names})
        )
        run.session.connection().execute(statement, changed)


def _write_misses(run: Run, plan: FeedPlan) -> None:
    mine = (Claim.feed_id == run.feed.id, Claim.record_type == "provider_model")
    last = run.feed.last_success_at or run.moment
    for some in chunks(plan.missing):
        run.session.execute(
            update(Claim)
            .where(*mine, Claim.record_id.in_(some), Claim.misses == 0)
            .values(last_seen_at=last)
        )
        run.session.execute(
            update(Claim).where(*mine, Claim.record_id.in_(some)).values(misses=Claim.misses + 1)
        )
    for misses in sorted(set(plan.entry_misses.values())):
        ids = [entry_id for entry_id, count in plan.entry_misses.items() if count == misses]
        for some in chunks(ids):
            run.session.execute(
                update(Claim)
                .where(
                    Claim.feed_id == run.feed.id,
                    Claim.record_type == "entry",
                    Claim.record_id.in_(some),
                )
                .values(misses=misses)
            )


def _write_aliases(run: Run, plan: FeedPlan) -> None:
    rows = [
        {"alias": alias, "entry_id": run.entry_id(ref), "manual": False}
        for alias, ref in sorted(plan.aliases.items())
    ]
    insert_rows(run.session, EntryAlias, rows)


def _index_new(run: Run) -> None:
    """Make new entries and provider models findable."""
    names = ("model_display_name", "family", "description", "tags")
    columns = [getattr(CatalogEntry, name) for name in ("id", "public_id", *names)]
    for some in chunks(sorted(run.entry_ids.values())):
        found = run.session.execute(select(*columns).where(CatalogEntry.id.in_(some)))
        texts = [(row.id, search_text(dict(row._mapping), row.public_id)) for row in found]  # noqa: SLF001 - public accessor
        index_entries(run.session, texts)
    index_provider_models(run.session, run.model_ids.values())


def _settle(run: Run, record_type: RecordType, ids: set[int]) -> None:
    """Resolve records whose claims changed, write what follows, and count it."""
    records = load_records(run.session, record_type, sorted(ids), lock=True)
    edits = []
    for record in records.values():
        edit = _settled(run, record)
        _count(run, edit)
        if edit.has_effect():
            edits.append(edit)
    write_edits(run.session, run.batch_id, run.action, edits)


def _settled(run: Run, record: Record) -> Edit:
    edit = settled(record, run.moment)
    if edit.changed_fields():
        edit.columns["last_synced_at"] = run.moment
    return edit


def _count(run: Run, edit: Edit) -> None:
    record = edit.record
    if "retired_at" in edit.columns:
        what = "reactivated" if edit.columns["retired_at"] is None else "retired"
    elif edit.changed_fields():
        what = "updated"
    elif not same(edit.after.drift, record.state.drift):
        what = "protected"
    else:
        return
    run.applied.count(record.record_type, what)
