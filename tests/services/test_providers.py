"""Providers: created, changed, deleted, brought back; and nobody sees their keys."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PreconditionError,
    ValidationError,
)
from app.core.permissions import Role
from app.models import Batch, Change, Provider
from app.queries.providers import (
    ProviderFilter,
    ProviderRow,
    count_consequences,
    get_provider,
    list_providers,
    parse_provider_filter,
)
from app.services.provider_sync import rotate_keys
from app.services.providers import Written, create_provider, delete_provider, edit_provider
from app.services.secrets import UnreadableSecretError, Vault
from app.services.undo import undo_batch
from tests.support.database import ENCRYPTION_KEY
from tests.support.factories import make_entry
from tests.support.feeds import history
from tests.support.people import actor_of
from tests.support.providers import make_model

ADMIN = actor_of(Role.ADMIN)
VAULT = Vault([ENCRYPTION_KEY])
SECRET = "sk-live-0123456789-abcd"


def create(session: Session, called: str = "Acme", /, **values: Any) -> str:
    return create_provider(session, ADMIN, {"name": called} | values, vault=VAULT).public_id


def edit(session: Session, public_id: str, /, **values: Any) -> Written:
    return edit_provider(session, ADMIN, public_id, values, vault=VAULT)


def row(session: Session, public_id: str) -> ProviderRow:
    session.rollback()
    return get_provider(session, public_id)


def log(session: Session, public_id: str) -> list[tuple[str, Any, Any]]:
    return history(session, "provider", row(session, public_id).id)


def batches(session: Session) -> int:
    session.rollback()
    return len(session.scalars(select(Batch.id)).all())


def test_a_provider_is_created_with_what_was_sent(session: Session) -> None:
    endpoints = [{"url": "https://a.example/v1"}]
    there = row(
        session,
        create(session, base_url="https://acme.example/v1", endpoints=endpoints, vendor="acme"),
    )
    assert there.public_id.startswith("prov_")
    assert there.endpoints == [
        {"url": "https://a.example/v1", "weight": 1, "priority": 0, "healthy": True}
    ]
    assert (there.active, there.category, there.has_key) == (False, "llm", False)
    [(field, old, new)] = log(session, there.public_id)
    assert (field, old, new["name"], new["vendor"]) == ("*", None, "Acme", "acme")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("name", "x" * 256),
        ("name", None),
        ("name", 3),
        ("name", "\ud800"),
        ("vendor", None),
        ("base_url", "ftp://a.example"),
        ("base_url", "https://user:secret@a.example"),
        ("base_url", "https://a.example:0"),
        ("base_url", "https://a.example:99999"),
        ("base_url", "https://"),
        ("base_url", "https://a b.example"),
        ("base_url", "https://" + "a" * 3000),
        ("endpoints", {}),
        ("endpoints", [{}]),
        ("endpoints", [{"url": "nowhere"}]),
        ("endpoints", [{"url": "https://a.example", "weight": -1}]),
        ("endpoints", [{"url": "https://a.example", "weight": 1.5}]),
        ("endpoints", [{"url": "https://a.example", "weight": True}]),
        ("endpoints", [{"url": "https://a.example", "priority": "1"}]),
        ("endpoints", [{"url": "https://a.example", "healthy": "yes"}]),
        ("endpoints", [{"url": "https://a.example", "colour": "red"}]),
        ("endpoints", [{"url": "https://a.example"}] * 2),
        ("endpoints", [{"url": f"https://a{n}.example"} for n in range(101)]),
        ("category", "video"),
        ("category", None),
        ("active", "true"),
        ("active", 1),
        ("default_provider_image_edit", None),
        ("metadata", []),
        ("metadata", {"a": 1}),
        ("metadata", {"": "x"}),
        ("metadata", {"a": "x" * 5000}),
        ("metadata", {"a": "x\ny"}),
        ("metadata", {f"k{n}": "" for n in range(101)}),
        ("metadata", {"feed_kind": "nothing"}),
        ("metadata", {"feed_kind": "models_dev"}),
        ("api_key", ""),
        ("api_key", "   "),
        ("api_key", "a\nb"),
        ("api_key", "schlüssel"),
        ("api_key", "x" * 4097),
        ("api_key", 17),
        ("colour", "red"),
    ],
)
def test_wrong_values_change_nothing(session: Session, field: str, value: Any) -> None:
    public_id = create(session)
    before = batches(session)
    for attempt in (edit, create):
        with pytest.raises(ValidationError) as caught:
            attempt(session, public_id, **{field: value})
        assert field in {detail.field for detail in caught.value.details}
        if field == "api_key" and isinstance(value, str) and value.strip():
            assert value not in caught.value.message
    assert batches(session) == before
    assert row(session, public_id).version == 1


def test_every_wrong_field_is_named_at_once(session: Session) -> None:
    with pytest.raises(ValidationError) as caught:
        create(session, "", vendor=1, base_url="x", active=None)
    assert {d.field for d in caught.value.details} == {"name", "vendor", "base_url", "active"}


def test_only_an_admin_manages_providers(session: Session) -> None:
    public_id = create(session)
    for role in (Role.VIEWER, Role.EDITOR):
        actor = actor_of(role)
        with pytest.raises(ForbiddenError):
            create_provider(session, actor, {"name": "B"}, vault=VAULT)
        with pytest.raises(ForbiddenError):
            edit_provider(session, actor, public_id, {"name": "B"}, vault=VAULT)
        with pytest.raises(ForbiddenError):
            delete_provider(session, actor, public_id)


def test_a_name_is_taken_whatever_its_case(session: Session) -> None:
    create(session, "Straße")
    other = create(session, "Other")
    with pytest.raises(ConflictError):
        create(session, "STRASSE")
    with pytest.raises(ConflictError):
        edit(session, other, name="strasse")
    edit(session, other, name="OTHER")
    assert row(session, other).name == "OTHER"


def test_changes_are_logged_field_by_field(session: Session) -> None:
    public_id = create(session)
    written = edit(session, public_id, base_url="https://a.example", metadata={"team": "x"})
    assert log(session, public_id)[1:] == [
        ("base_url", None, "https://a.example"),
        ("metadata", {}, {"team": "x"}),
    ]
    assert written.batch is not None
    assert row(session, public_id).version == 2


def test_an_edit_that_changes_nothing_writes_nothing(session: Session) -> None:
    public_id = create(session, api_key=SECRET, base_url="https://a.example")
    before = batches(session)
    written = edit(session, public_id, base_url="https://a.example", api_key=SECRET, active=True)
    assert written.batch is None
    assert batches(session) == before
    assert row(session, public_id).version == 1


def test_another_version_is_refused(session: Session) -> None:
    public_id = create(session)
    with pytest.raises(PreconditionError):
        edit_provider(session, ADMIN, public_id, {"name": "B"}, vault=VAULT, if_match=7)
    with pytest.raises(PreconditionError):
        delete_provider(session, ADMIN, public_id, if_match=7)
    with pytest.raises(NotFoundError):
        edit(session, "prov_none", name="B")


def test_the_first_key_switches_a_provider_on(session: Session) -> None:
    waiting, silent = create(session, "Waiting"), create(session, "Silent")
    edit(session, waiting, api_key=SECRET)
    edit(session, silent, api_key=SECRET, active=False)
    assert row(session, waiting).active
    assert not row(session, silent).active
    edit(session, silent, api_key="another-key-0123")
    assert not row(session, silent).active
    edit(session, waiting, api_key=None)
    assert row(session, waiting).active
    assert (row(session, waiting).has_key, row(session, waiting).api_key_hint) == (False, None)


def test_the_log_says_of_a_key_only_that_there_is_one(session: Session) -> None:
    public_id = create(session)
    edit(session, public_id, api_key=SECRET, active=False)
    edit(session, public_id, api_key="another-key-0123")
    edit(session, public_id, api_key=None)
    assert log(session, public_id)[1:] == [
        ("api_key", None, "set"),
        ("api_key", "set", "replaced"),
        ("api_key", "set", None),
    ]
    logged = str(session.execute(select(Change.old, Change.new)).all())
    assert SECRET not in logged
    assert "abcd" not in logged


@pytest.mark.parametrize(
    ("key", "hint"),
    [("a" * 11 + "b", "aaab"), ("12345678", "78"), ("1234567", ""), ("x", "")],
)
def test_a_hint_shows_little_of_a_short_key(session: Session, key: str, hint: str) -> None:
    assert row(session, create(session, api_key=key)).api_key_hint == hint


def test_keys_are_encrypted_and_readable_after_a_rotation(session: Session) -> None:
    public_id = create(session, api_key=SECRET)
    stored = session.scalars(select(Provider.api_key_encrypted)).one()
    assert stored is not None
    assert SECRET not in stored
    newer = Fernet.generate_key().decode()
    both = Vault([newer, ENCRYPTION_KEY])
    assert both.decrypt(stored, of="Acme") == SECRET
    assert rotate_keys(session, ADMIN, both) == 1
    session.rollback()
    again = session.scalars(select(Provider.api_key_encrypted)).one()
    assert again is not None
    assert Vault([newer]).decrypt(again, of="Acme") == SECRET
    with pytest.raises(UnreadableSecretError, match="ALMANAC_ENCRYPTION_KEYS"):
        VAULT.decrypt(again, of="Acme")
    with pytest.raises(UnreadableSecretError, match="Acme"):
        rotate_keys(session, ADMIN, VAULT)
    edit(session, public_id, api_key=SECRET)  # a lost key is entered anew
    assert ENCRYPTION_KEY not in repr(VAULT)


def test_only_one_provider_has_a_default(session: Session) -> None:
    first = create(session, "First", default_provider_image_edit=True)
    second = create(session, "Second")
    batch = edit(session, second, default_provider_image_edit=True).batch
    assert not row(session, first).default_provider_image_edit
    assert log(session, first)[-1] == ("default_provider_image_edit", True, False)
    assert log(session, second)[-1] == ("default_provider_image_edit", False, True)
    assert batch is not None
    undo_batch(session, ADMIN, batch)
    assert row(session, first).default_provider_image_edit
    assert not row(session, second).default_provider_image_edit


def test_an_undo_takes_no_default_that_somebody_gave_since(session: Session) -> None:
    first = create(session, "First", default_provider_image_edit=True)
    second, third = create(session, "Second"), create(session, "Third")
    batch = edit(session, second, default_provider_image_edit=True).batch
    edit(session, third, default_provider_image_edit=True)
    assert batch is not None
    with pytest.raises(ConflictError, match="Third has it now"):
        undo_batch(session, ADMIN, batch)
    assert row(session, third).default_provider_image_edit
    assert not row(session, first).default_provider_image_edit


def test_a_deleted_provider_comes_back_as_it_was(session: Session) -> None:
    public_id = create(session, api_key=SECRET, metadata={"team": "x"})
    before = row(session, public_id)
    written = delete_provider(session, ADMIN, public_id, reason="gone")
    session.rollback()
    with pytest.raises(NotFoundError):
        get_provider(session, public_id)
    assert list_providers(session) == []
    assert session.scalars(select(Batch.kind).order_by(Batch.id)).all()[-1] == "delete"
    assert written.batch is not None
    undo_batch(session, ADMIN, written.batch)
    after = row(session, public_id)
    assert after._replace(version=1, updated_at=before.updated_at) == before
    with pytest.raises(ForbiddenError):
        undo_batch(session, actor_of(Role.EDITOR), written.batch)


def test_a_name_that_is_taken_meanwhile_keeps_a_provider_deleted(session: Session) -> None:
    written = delete_provider(session, ADMIN, create(session))
    create(session, "ACME")
    assert written.batch is not None
    with pytest.raises(ConflictError, match="another provider named ACME"):
        undo_batch(session, ADMIN, written.batch)
    assert [p.name for p in list_providers(session)] == ["ACME"]


def test_undo_returns_fields_but_neither_keys_nor_what_changed_since(session: Session) -> None:
    public_id = create(session)
    batch = edit(session, public_id, api_key=SECRET, vendor="acme", category="image").batch
    edit(session, public_id, vendor="third")
    assert batch is not None
    undone = undo_batch(session, ADMIN, batch)
    assert {r.field for r in undone.refused} == {"api_key", "vendor"}
    there = row(session, public_id)
    assert (there.vendor, there.category, there.active) == ("third", "llm", False)
    assert there.has_key


def test_the_creation_of_a_provider_can_be_taken_back(session: Session) -> None:
    written = create_provider(session, ADMIN, {"name": "Acme"}, vault=VAULT)
    assert written.batch is not None
    undone = undo_batch(session, ADMIN, written.batch)
    assert list_providers(session) == []
    assert undone.batch_id is not None
    undo_batch(session, ADMIN, undone.batch_id)
    assert [p.name for p in list_providers(session)] == ["Acme"]


def test_what_goes_with_a_provider_is_counted(session: Session) -> None:
    mine, other = create(session, "Mine", active=True), create(session, "Other", active=True)
    ids = {p.name: p.id for p in list_providers(session)}
    both, alone, off = make_entry(session), make_entry(session), make_entry(session, active=False)
    for entry in (both, alone, off):
        make_model(session, ids["Mine"], entry.id)
    make_model(session, ids["Mine"], both.id, active=False)
    make_model(session, ids["Other"], both.id)
    session.commit()
    counted = count_consequences(session, ids["Mine"])
    assert (counted.models, counted.active_models, counted.available) == (4, 3, 2)
    assert counted.entries_left_without == 1
    assert (counted.decisions, counted.feeds) == (0, ())
    edit(session, other, active=False)
    assert count_consequences(session, ids["Mine"]).entries_left_without == 2
    assert (row(session, mine).models, row(session, mine).active_models) == (4, 3)


def test_lists_are_filtered(session: Session) -> None:
    create(session, "Öl GmbH", vendor="openrouter", active=True)
    create(session, "Beta", base_url="https://beta.example/v1")
    create(session, "Gamma", vendor="gamma")

    def names(**wanted: str) -> list[str]:
        return [p.name for p in list_providers(session, parse_provider_filter(wanted))]

    assert names() == ["Beta", "Gamma", "Öl GmbH"]
    assert names(kind="openrouter") == ["Öl GmbH"]
    assert names(kind="openai_compatible") == ["Beta"]
    assert names(kind="gamma", active="true") == []
    assert names(search="öL") == ["Öl GmbH"]
    assert names(search="beta.EXAMPLE", active="false") == ["Beta"]
    assert list_providers(session, ProviderFilter(kind="nobody")) == []
    for wrong in ({"activ": "true"}, {"active": "yes"}, {"kind": " "}, {"search": "x" * 256}):
        with pytest.raises(ValidationError):
            parse_provider_filter(wrong)
