"""Puts the plan of a sync in force, inside one write transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.core.plan import ClaimChange, FeedPlan, Offered, Ref
from app.core.resolve import Said, State, resolve
from app.models import CatalogEntry, Change, EntryAlias, Provider, ProviderModel
from app.queries.open_items import target_of
from app.queries.states import chunks, entry_name_claim, entry_names
from app.services.maintenance import refresh_statistics
from app.services.search_index import index_entries, index_provider_models, search_text
from app.services.settle import claim_row, settle, write_claims
from app.services.spellings import take_aliases
from app.services.sync_run import ItemRow, Run
from app.services.write import bump_revision, change_row, insert_rows, plot_limits, plot_prices
from app.upstreams.base import UpstreamProvider

BLANK: dict[RecordType, dict[str, Any]] = {
    "entry": dict.fromkeys(FIELDS["entry"]) | {"active": True, "experimental": False, "tags": []},
    "provider_model": dict.fromkeys(FIELDS["provider_model"]) | {"active": False},
}
Named = type[CatalogEntry] | type[Provider] | type[ProviderModel]
# New records are written in runs of so many, so that a large feed needs little memory.
TOGETHER = 2_000
# So many new records make what the query planner believes of the tables wrong.
MANY = 500


def apply_plan(run: Run, plan: FeedPlan, providers: Sequence[UpstreamProvider]) -> None:
    """Write everything the plan says: new records, claims, and what they put in force.

    What `run.policy` holds back is not written but kept as an item for a person.
    """
    _lock_entries(run, plan)
    _create_providers(run, providers)
    _create_entries(run, plan)
    _create_models(run, plan)
    _write_new_claims(run, plan)
    _write_aliases(run, plan)
    _index_new(run)
    created = set(run.entry_ids.values())
    entries = {
        pk: claim
        for claim in plan.entry_claims
        if isinstance(claim.ref, int | str) and (pk := run.entry_id(claim.ref)) not in created
    }
    settle(run, "entry", entries, plan.entry_misses)
    models = {claim.ref: claim for claim in plan.model_claims if isinstance(claim.ref, int)}
    settle(run, "provider_model", models, plan.missing)
    if len(plan.new_entries) + len(plan.new_models) >= MANY:
        refresh_statistics(run.session)
    run.write_items()
    bump_revision(run.session)


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
    for row in rows:
        run.note(_added("provider", ids[row["public_id"]], row["name"], row["feed_key"]))
    _log_created(run, "provider", ids)


def _added(
    record_type: str, record_id: int, name: str, target: str, digest: str | None = None
) -> ItemRow:
    return ItemRow("added", record_type, record_id, name[:255], new=digest, target=target)


def _log_created(run: Run, record_type: str, rows: Mapping[str, int]) -> None:
    """One row of the change log for each new record, naming it; its values are its claims."""
    changes = [
        change_row(run.batch_id, record_type, i, "*", (None, False), ({"public_id": name}, False))
        for name, i in rows.items()
    ]
    insert_rows(run.session, Change, changes)


def _new_row(run: Run, record_type: RecordType, claims: Sequence[Said]) -> dict[str, Any]:
    blank = State(BLANK[record_type], {}, {}, "none", "init", ())
    state = resolve(record_type, claims, {}, blank, "none")
    row = dict(state.values)
    if record_type == "provider_model":
        row |= plot_prices(row["pricing"]) | plot_limits(row["token_limits"])
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
    for some in chunks(plan.new_entries, TOGETHER):
        # What was another spelling of some entry is the name of one now.
        meant = take_aliases(run.session, [new.public_id for new in some])
        rows = [
            {
                **_new_row(run, "entry", [run.said(claims.get(new.identity_key, {}), "entry")]),
                "public_id": new.public_id,
                "identity_key": new.identity_key,
            }
            for new in some
        ]
        ids = _insert(run.session, CatalogEntry, rows)
        run.entry_ids |= {new.identity_key: ids[new.public_id] for new in some}
        for row in rows:
            name = row["model_display_name"] or row["public_id"]
            item = _added("entry", ids[row["public_id"]], name, row["public_id"])
            owner = meant.get(row["public_id"])
            run.note(item._replace(payload={"was_alias_of": owner}) if owner else item)
        _log_created(run, "entry", ids)
    run.tally.count("entry", "added", len(plan.new_entries))


def _create_models(run: Run, plan: FeedPlan) -> None:
    known = {ref for _, ref in plan.new_models if isinstance(ref, int)}
    names = entry_names(run.session, known)
    enabled = _auto_enabled(run, plan)
    digests = {claim.ref: claim.content_hash for claim in plan.model_claims}
    for some in chunks(plan.new_models, TOGETHER):
        rows = [_model_row(run, model, link, names, enabled) for model, link in some]
        ids = _insert(run.session, ProviderModel, rows)
        for (model, _), row in zip(some, rows, strict=True):
            key = (model.provider_ref, model.raw_id)
            run.model_ids[key] = ids[row["public_id"]]
            _note_model(run, model, row, digests[key])
        _log_created(run, "provider_model", ids)
    run.tally.count("provider_model", "added", len(plan.new_models))


def _model_row(
    run: Run, model: Offered, link: Ref, names: Mapping[int, str], enabled: set[int]
) -> dict[str, Any]:
    claims = [run.said(model.fields, "provider_model")]
    if isinstance(link, int) and link in names:
        claims.append(entry_name_claim(names[link]))
    provider_id = run.provider_id(model.provider_ref)
    return {
        **_new_row(run, "provider_model", claims),
        "public_id": _public_id("pmdl"),
        "provider_id": provider_id,
        "entry_id": run.entry_id(link),
        "raw_id": model.raw_id,
        "active": provider_id in enabled,
    }


def _note_model(run: Run, model: Offered, row: Mapping[str, Any], digest: str) -> None:
    record_id = run.model_ids[model.provider_ref, model.raw_id]
    target = target_of(model.provider, model.raw_id)
    name = row["model_display_name"] or model.raw_id
    run.note(_added("provider_model", record_id, name, target, digest))
    if (before := run.policy.targets.get(target)) is not None:
        run.overtake([before.id])


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


def _write_new_claims(run: Run, plan: FeedPlan) -> None:
    """What the feed says of the records that were made just now."""
    models = [(run.model_ids[c.ref], c) for c in plan.model_claims if isinstance(c.ref, tuple)]
    entries = [(run.entry_ids[c.ref], c) for c in plan.entry_claims if isinstance(c.ref, str)]
    _write_claims_of(run, "provider_model", models)
    _write_claims_of(run, "entry", entries)


def _write_claims_of(
    run: Run, record_type: RecordType, claims: Sequence[tuple[int, ClaimChange]]
) -> None:
    for some in chunks(claims, TOGETHER):
        rows = [claim_row(run, record_type, record_id, claim) for record_id, claim in some]
        write_claims(run.session, rows, ())


def _write_aliases(run: Run, plan: FeedPlan) -> None:
    for some in chunks(sorted(plan.aliases.items()), TOGETHER):
        rows = [{"alias": a, "entry_id": run.entry_id(ref), "manual": False} for a, ref in some]
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
