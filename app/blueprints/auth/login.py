"""`/login` and `/logout`."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from app.core.errors import UnauthenticatedError
from app.forms.login import LoginForm
from app.models import db
from app.services.users import authenticate
from app.web.addresses import local_path
from app.web.errors import handle
from app.web.kept_form import KeptForm, form_to_keep, read_kept
from app.web.limits import address, limiter
from app.web.login import current_principal, log_in, log_out
from app.web.permissions import public
from app.web.render import is_fragment, render_page

blueprint = Blueprint("auth", __name__)


def _account() -> str:
    return request.form.get("email", "").strip().lower()[:255]


def _account_from_here() -> str:
    return f"{address()} {_account()}"


def _failed(response: Response) -> bool:
    return response.status_code >= 400


# From one address an account is guessed at ten times. From anywhere it may be tried more often:
# else whoever knows an e-mail could keep its owner out.
_EACH_ADDRESS = limiter.limit("30 per 5 minutes", deduct_when=_failed)
_EACH_PAIR = limiter.limit("10 per 15 minutes", key_func=_account_from_here, deduct_when=_failed)
_EACH_ACCOUNT = limiter.limit("100 per 15 minutes", key_func=_account, deduct_when=_failed)


@blueprint.get("/login")
@public
def login() -> BaseResponse:
    target = local_path(request.args.get("next"))
    if current_principal() is not None:
        return _fresh_token() if is_fragment() else redirect(target, 303)
    return _page(LoginForm(next=target))


@blueprint.post("/login")
@_EACH_ADDRESS
@_EACH_PAIR
@_EACH_ACCOUNT
@public
def log_in_with_password() -> BaseResponse:
    form, kept = LoginForm(), read_kept(request.form.get("kept"))
    if not form.validate():
        return _page(form, kept, status=422)
    try:
        user_id = authenticate(db.session(), form.email.data or "", form.password.data or "")
    except UnauthenticatedError:
        form.form_errors.append("The e-mail or the password is wrong.")
        return _page(form, kept, status=422)
    log_in(user_id)
    if is_fragment():
        return _fresh_token()
    return _ask_to_send(kept) if kept else redirect(local_path(form.next.data), 303)


@blueprint.post("/logout")
@public
def logout() -> BaseResponse:
    log_out()
    return redirect("/login", 303)


@blueprint.app_errorhandler(UnauthenticatedError)
def keep_what_was_sent(error: UnauthenticatedError) -> BaseResponse:
    """The login page with the form that was sent; where there is none, as for every error."""
    kept = form_to_keep()
    if kept is None:
        return handle(error)
    return _page(LoginForm(formdata=None), kept, status=401)


def _page(form: LoginForm, kept: KeptForm | None = None, status: int = 200) -> Response:
    response = render_page(
        "auth/login.html", "auth/_login_again.html", status=status, form=form, kept=kept
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _fresh_token() -> Response:
    """For a page that is open: the token that its forms need from now on, and whose it is."""
    response = make_response("", 204)
    response.headers["X-Almanac-User"] = current_user.email
    response.headers["X-CSRFToken"] = generate_csrf()
    response.headers["Cache-Control"] = "no-store"
    return response


def _ask_to_send(kept: KeptForm) -> Response:
    response = render_page("auth/send_again.html", kept=kept)
    response.headers["Cache-Control"] = "no-store"
    return response
