"""`/providers`: the table, each provider's page, and everything that changes a provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.blueprints.console.listing import YES_NO, Pages, address_of, filter_chips, parse_listing
from app.blueprints.console.messages import answer, undo_action
from app.core.errors import (
    AlmanacError,
    ConflictError,
    FieldProblem,
    PreconditionError,
    ValidationError,
)
from app.core.providers import DEFAULT_VENDOR, LABELS
from app.forms.field import read_reason
from app.forms.provider import (
    ProviderForm,
    endpoint_rows,
    metadata_rows,
    problems_of,
    provider_values,
    stored_rows,
    twice,
)
from app.models import db, now
from app.queries.providers import (
    PARAMETERS,
    count_available,
    count_consequences,
    get_provider,
    list_provider_feeds,
    list_provider_history,
    list_providers,
    parse_provider_filter,
    vendors_in_use,
)
from app.services.provider_sync import check_connection, sync_provider
from app.services.providers import create_provider, delete_provider, edit_provider
from app.services.secrets import Vault
from app.services.sync import SyncResult
from app.web.addresses import local_path
from app.web.permissions import current_actor, current_settings, may, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("providers", __name__)
PATH = "/providers"
ROWS = 50
_FILTERS = {"search": "Search", "kind": "Vendor", "active": "Active"}
# What `almanac sync` counts, in the order in which a person wants to read it.
_COUNTED = ("added", "updated", "retired", "reactivated", "protected", "unchanged")


@blueprint.get(PATH)
@requires("admin:provider:read")
def providers() -> Response:
    listing = parse_listing(request.args)
    args = {name: listing.args[name] for name in PARAMETERS if name in listing.args}
    context = _table(args, listing.page)
    response = render_page("console/providers.html", "console/provider/_results.html", **context)
    if is_fragment():
        response.headers["HX-Push-Url"] = context["here"]
    return response


@blueprint.get(f"{PATH}/new")
@requires("admin:provider:manage")
def new_provider() -> Response:
    form = ProviderForm(formdata=None, data={"vendor": DEFAULT_VENDOR, "category": "llm"})
    return _form_page(form, None, [], [])


@blueprint.post(f"{PATH}/new")
@requires("admin:provider:manage")
def add_provider() -> Response:
    form = ProviderForm()
    if "more" in request.form:
        return _sent_again(form, None)
    try:
        values = _values(form)
        session, actor = db.session(), current_actor()
        written = create_provider(session, actor, values, vault=_vault(), reason=_reason())
    except (ConflictError, ValidationError) as error:
        return _sent_again(form, None, error)
    page = _page_path(written.public_id)
    return answer(f"{values['name']} is there now.", page, action=undo_action(written.batch, PATH))


@blueprint.get(f"{PATH}/<provider_id>")
@requires("admin:provider:read")
def show_provider(provider_id: str) -> Response:
    return _page(provider_id)


@blueprint.get(f"{PATH}/<provider_id>/edit")
@requires("admin:provider:manage")
def open_provider(provider_id: str) -> Response:
    provider = get_provider(db.session(), provider_id)
    form = ProviderForm(formdata=None, obj=provider)
    form.api_key.data = None
    return _form_page(form, provider, *stored_rows(provider))


@blueprint.post(f"{PATH}/<provider_id>/edit")
@requires("admin:provider:manage")
def save_provider(provider_id: str) -> Response:
    form, provider = ProviderForm(), get_provider(db.session(), provider_id)
    if "more" in request.form:
        return _sent_again(form, provider)
    try:
        batch = _save(provider_id, _values(form), form.version.data)
    except (ConflictError, PreconditionError, ValidationError) as error:
        return _sent_again(form, provider, error)
    page = _page_path(provider_id)
    said = f"{form.name.data} is saved." if batch else "Nothing was changed."
    return answer(said, page, action=undo_action(batch, page))


@blueprint.post(f"{PATH}/<provider_id>/active")
@requires("admin:provider:manage")
def switch_provider(provider_id: str) -> Response:
    if request.form.get("active") not in ("true", "false"):
        raise ValidationError("active must be true or false")
    active = request.form["active"] == "true"
    batch = _save(provider_id, {"active": active}, None)
    provider = get_provider(db.session(), provider_id)
    back = local_path(request.form.get("back"), PATH)
    said = f"{provider.name} is {'on' if active else 'off'}."
    return answer(said, back, action=undo_action(batch, back), changed=True)


@blueprint.get(f"{PATH}/<provider_id>/delete")
@requires("admin:provider:manage")
def confirm_delete(provider_id: str) -> Response:
    provider = get_provider(db.session(), provider_id)
    consequences = count_consequences(db.session(), provider.id)
    return render_page(
        "console/provider/delete.html", provider=provider, gone=consequences, path=_page_path
    )


@blueprint.post(f"{PATH}/<provider_id>/delete")
@requires("admin:provider:manage")
def remove_provider(provider_id: str) -> Response:
    name = get_provider(db.session(), provider_id).name
    written = delete_provider(db.session(), current_actor(), provider_id, reason=_reason())
    return answer(f"{name} is deleted.", PATH, action=undo_action(written.batch, PATH))


@blueprint.post(f"{PATH}/<provider_id>/sync")
@requires("admin:feed:sync")
def sync(provider_id: str) -> Response:
    page = _page_path(provider_id)
    allow = current_settings().fetch_allow_private
    try:
        session, actor = db.session(), current_actor()
        result = sync_provider(session, actor, provider_id, vault=_vault(), allow_private=allow)
    except AlmanacError as error:
        if error.status != 409:
            raise
        return _refused(error, page)
    return answer(_sync_words(result), page, changed=True)


@blueprint.post(f"{PATH}/<provider_id>/test")
@requires("admin:provider:manage")
def test(provider_id: str) -> Response:
    allow, reached, problem = current_settings().fetch_allow_private, [], None
    try:
        reached = check_connection(
            db.session(), current_actor(), provider_id, vault=_vault(), allow_private=allow
        )
    except AlmanacError as error:
        if error.status != 409:
            raise
        problem = error.message
    if is_fragment():
        html = render_template("console/provider/_reached.html", reached=reached, problem=problem)
        return Response(html, mimetype="text/html")
    return _page(provider_id, reached=reached, problem=problem)


def _table(args: dict[str, str], page: int) -> dict[str, Any]:
    session = db.session()
    found = list_providers(session, parse_provider_filter(args))
    pages = Pages(page, len(found), ROWS)
    rows = found[(page - 1) * ROWS : page * ROWS]
    return {
        "rows": rows,
        "available": count_available(session, [row.id for row in rows]),
        "pages": pages,
        "address": lambda number: _address(args, number),
        "args": args,
        "here": _address(args, page),
        "now": now(),
        "editable": may("admin:provider:manage"),
        "chosen": filter_chips(PATH, args, _FILTERS, {"active": YES_NO}),
        "vendors": vendors_in_use(session),
        "yes_no": YES_NO,
    }


def _page(provider_id: str, **tested: Any) -> Response:
    session = db.session()
    provider = get_provider(session, provider_id)
    return render_page(
        "console/provider/page.html",
        "console/provider/_page.html",
        provider=provider,
        available=count_available(session, [provider.id]).get(provider.id, 0),
        feeds=list_provider_feeds(session, provider.id),
        history=list_provider_history(session, provider.id),
        labels=LABELS,
        editable=may("admin:provider:manage"),
        here=_page_path(provider_id),
        now=now(),
        **tested,
    )


def _form_page(
    form: ProviderForm, provider: Any, endpoints: Any, metadata: Any, **more: Any
) -> Response:
    return render_page(
        "console/provider/form.html",
        form=form,
        provider=provider,
        endpoints=[*endpoints, *_spare("endpoints", "endpoint_url", endpoints)],
        metadata=[*metadata, *_spare("metadata", "meta_key", metadata)],
        back=_page_path(provider.public_id) if provider else PATH,
        **{"problems": {}, **more},
    )


def _spare(name: str, column: str, rows: Sequence[Any]) -> list[dict[str, str]]:
    """Empty rows to write in: one, and with the button pressed one more than there were."""
    more = request.form.getlist("more") == [name]
    return [{}] * (max(0, len(request.form.getlist(column)) - len(rows)) + 1 if more else 1)


_CHANGED = (
    "Somebody changed this provider since you opened it."
    " Save again to put your values in place of theirs."
)


def _sent_again(form: ProviderForm, provider: Any, error: AlmanacError | None = None) -> Response:
    """The form as it was sent, but for the key; with another empty row, or what is wrong."""
    problems, status = problems_of(error) if error else {}, 422 if error else 200
    if isinstance(error, PreconditionError):
        problems, form.version.data = {"": _CHANGED}, provider.version
    if isinstance(error, PreconditionError | ConflictError):
        status = 409
    rows = endpoint_rows(request.form), metadata_rows(request.form)
    lost = bool(form.api_key.data)
    return _form_page(form, provider, *rows, status=status, problems=problems, key_lost=lost)


def _values(form: ProviderForm) -> dict[str, Any]:
    if key := twice(metadata_rows(request.form)):
        problem = f"the key {key!r} is there twice"
        raise ValidationError(problem, [FieldProblem("metadata", problem)])
    return provider_values(form, request.form)


def _save(provider_id: str, values: dict[str, Any], version: int | None) -> str | None:
    return edit_provider(
        db.session(),
        current_actor(),
        provider_id,
        values,
        vault=_vault(),
        reason=_reason(),
        if_match=version,
    ).batch


def _refused(error: AlmanacError, page: str) -> Response:
    said = f"{error.message[:1].upper()}{error.message[1:]}."
    return answer(said, page, category="error", status=409)


def _sync_words(result: SyncResult) -> str:
    counts = ", ".join(f"{result.counts[w]:,} {w}" for w in _COUNTED if result.counts.get(w))
    left = f" {len(result.rejected):,} could not be read." if result.rejected else ""
    return f"Synced: {counts or 'nothing new'}.{left}"


def _reason() -> str | None:
    return read_reason(request.form)


def _vault() -> Vault:
    return Vault(current_settings().encryption_keys)


def _page_path(provider_id: str) -> str:
    return f"{PATH}/{provider_id}"


def _address(args: dict[str, str], page: int) -> str:
    given = args | ({"page": str(page)} if page > 1 else {})
    return address_of(PATH, given)
