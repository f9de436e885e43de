"""`/login` and `/logout`."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.core.errors import UnauthenticatedError
from app.forms.login import LoginForm
from app.models import db
from app.services.users import authenticate
from app.web.addresses import local_path
from app.web.limits import address, limiter
from app.web.login import current_principal, log_in, log_out
from app.web.permissions import public
from app.web.render import render_page

blueprint = Blueprint("auth", __name__)


def _account() -> str:
    return request.form.get("email", "").strip().lower()[:255]


def _account_from_here() -> str:
    return f"{address()} {_account()}"


def _failed(response: Response) -> bool:
    return response.status_code != 303


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
        return redirect(target, 303)
    return render_page("auth/login.html", form=LoginForm(next=target))


@blueprint.post("/login")
@_EACH_ADDRESS
@_EACH_PAIR
@_EACH_ACCOUNT
@public
def log_in_with_password() -> BaseResponse:
    form = LoginForm()
    if not form.validate():
        return render_page("auth/login.html", form=form, status=422)
    try:
        user_id = authenticate(db.session(), form.email.data or "", form.password.data or "")
    except UnauthenticatedError:
        form.form_errors.append("The e-mail or the password is wrong.")
        return render_page("auth/login.html", form=form, status=422)
    log_in(user_id)
    return redirect(local_path(form.next.data), 303)


@blueprint.post("/logout")
@public
def logout() -> BaseResponse:
    log_out()
    return redirect("/login", 303)
