"""`/users` and `/tokens`: who may come in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from werkzeug.wrappers import Response

from app.core.errors import ConflictError, ValidationError
from app.forms.accounts import ROLES, PasswordForm, TokenForm, UserForm, show_error
from app.models import db, now
from app.queries.accounts import list_tokens, list_users
from app.services.tokens import create_token, revoke_token_by_id
from app.services.users import change_password, create_user, set_active, set_role
from app.web.login import current_principal
from app.web.permissions import current_actor, current_settings, requires
from app.web.render import render_page

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/users")
@requires("admin:user:manage")
def users() -> Response:
    return _users_page(UserForm())


@blueprint.post("/users")
@requires("admin:user:manage")
def add_user() -> Response:
    form = UserForm()
    if not form.validate():
        return _users_page(form, status=422)
    given = (form.email.data or "", form.password.data or "", form.role.data)
    try:
        create_user(db.session(), current_actor(), *given)
    except (ConflictError, ValidationError) as error:
        show_error(error, form)
        return _users_page(form, status=422)
    return _done(f"{form.email.data} may log in now.", "/users")


@blueprint.post("/users/<row_id:user_id>/role")
@requires("admin:user:manage")
def change_role(user_id: int) -> Response:
    set_role(db.session(), current_actor(), user_id, request.form.get("role", ""))
    return _done("The role is changed.", "/users")


@blueprint.post("/users/<row_id:user_id>/active")
@requires("admin:user:manage")
def switch_user(user_id: int) -> Response:
    active = request.form.get("active") == "true"
    set_active(db.session(), current_actor(), user_id, active=active)
    return _done("The user may log in again." if active else "The user is locked out.", "/users")


@blueprint.post("/users/<row_id:user_id>/password")
@requires("admin:user:manage")
def set_password(user_id: int) -> Response:
    form = PasswordForm()
    if not form.validate():
        raise ValidationError(" ".join(form.password.errors) or "The password is not accepted.")
    change_password(db.session(), current_actor(), user_id, form.password.data or "")
    return _done("The password is changed; the user's sessions have ended.", "/users")


@blueprint.get("/tokens")
@requires("admin:token:manage")
def tokens() -> Response:
    return _tokens_page(TokenForm())


@blueprint.post("/tokens")
@requires("admin:token:manage")
def add_token() -> Response:
    form = TokenForm()
    if not form.validate():
        return _tokens_page(form, status=422)
    given = {"name": form.name.data, "role": form.role.data, "days": form.days.data}
    try:
        jwt = create_token(db.session(), current_actor(), current_settings(), **given)
    except (ConflictError, ValidationError) as error:
        show_error(error, form)
        return _tokens_page(form, status=422)
    # Shown in this answer only: after a redirect it would have to be kept somewhere.
    response = _tokens_page(TokenForm(formdata=None), created=jwt, created_name=form.name.data)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/tokens/<row_id:token_id>/revoke")
@requires("admin:token:manage")
def revoke(token_id: int) -> Response:
    revoke_token_by_id(db.session(), current_actor(), token_id)
    return _done("The token is revoked.", "/tokens")


def _users_page(form: UserForm, status: int = 200) -> Response:
    me = current_principal()
    return render_page(
        "auth/users.html",
        status=status,
        users=list_users(db.session()),
        form=form,
        roles=ROLES,
        my_id=me.user_id if me else None,
    )


def _tokens_page(
    form: TokenForm, status: int = 200, created: str | None = None, created_name: str | None = None
) -> Response:
    return render_page(
        "auth/tokens.html",
        status=status,
        tokens=list_tokens(db.session()),
        form=form,
        roles=ROLES,
        now=now(),
        created=created,
        created_name=created_name,
    )


def _done(message: str, path: str) -> Response:
    flash(message, "success")
    return redirect(path, 303)
