"""`/account`: what everybody may change of the own account."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from app.core.errors import ValidationError
from app.forms.accounts import OwnPasswordForm, show_error
from app.models import db
from app.services.users import change_password
from app.web.errors import who_gives_roles
from app.web.limits import limiter
from app.web.permissions import current_actor, requires
from app.web.render import render_page

blueprint = Blueprint("own_account", __name__)


def _me() -> str:
    return str(current_user.user_id)


def _failed(response: Response) -> bool:
    return response.status_code != 303


@blueprint.get("/account")
@requires("own:preferences:edit")
def account() -> Response:
    return _page(OwnPasswordForm())


# Who finds a browser unlocked must not be able to guess the password there.
@blueprint.post("/account")
@requires("own:preferences:edit")
@limiter.limit("10 per 15 minutes", key_func=_me, deduct_when=_failed)
def change_own_password() -> BaseResponse:
    form = OwnPasswordForm()
    if not form.validate():
        return _page(form, 422)
    try:
        change_password(
            db.session(),
            current_actor(),
            current_user.user_id,
            form.password.data or "",
            current=form.current.data or "",
            keep=current_user.secret,
        )
    except ValidationError as error:
        show_error(error, form)
        return _page(form, 422)
    flash("Your password is changed. You are logged out everywhere else.", "success")
    return redirect("/account", 303)


def _page(form: OwnPasswordForm, status: int = 200) -> Response:
    return render_page("auth/account.html", status=status, form=form, **who_gives_roles())
