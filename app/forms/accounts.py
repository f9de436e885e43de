"""Forms of the pages for users and tokens."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, NumberRange

from app.core.errors import AlmanacError
from app.core.permissions import Role

ROLES = {
    Role.VIEWER.value: "Viewer: reads",
    Role.EDITOR.value: "Editor: edits and switches",
    Role.ADMIN.value: "Admin: also feeds, providers, users, tokens",
}

# WTForms takes plain values, and warns about the pairs that its type stubs still ask for.
_CHOICES: Any = list(ROLES)


class UserForm(FlaskForm):  # type: ignore[misc]
    """A new user."""

    email = StringField("E-mail", [InputRequired("Enter an e-mail."), Length(max=255)])
    password = PasswordField(
        "Password",
        [InputRequired("Enter a password."), Length(8, 1024, "Use 8 characters or more.")],
    )
    role = SelectField("Role", choices=_CHOICES)


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password for a user."""

    password = PasswordField(
        "New password",
        [InputRequired("Enter a password."), Length(8, 1024, "Use 8 characters or more.")],
    )


class OwnPasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password for oneself."""

    current = PasswordField(
        "Current password", [InputRequired("Enter your current password."), Length(max=1024)]
    )
    password = PasswordField(
        "New password",
        [InputRequired("Enter a new password."), Length(8, 1024, "Use 8 characters or more.")],
    )
    again = PasswordField(
        "New password again",
        [EqualTo("password", "This is not the same as the new password.")],
    )


class TokenForm(FlaskForm):  # type: ignore[misc]
    """A new API token."""

    name = StringField("Name", [InputRequired("Enter a name."), Length(max=100)])
    role = SelectField("Role", choices=_CHOICES)
    days = IntegerField("Valid for days", [InputRequired(), NumberRange(1, 3650)], default=365)


def show_error(error: AlmanacError, form: FlaskForm) -> None:
    """Put a service's refusal beside the field it is about."""
    for detail in error.details:
        if detail.field in form:
            form[detail.field].errors = [*form[detail.field].errors, error.message]
            return
    form.form_errors.append(error.message)
