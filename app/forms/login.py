"""The form of the login page."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length


class LoginForm(FlaskForm):  # type: ignore[misc]
    """E-mail and password; `next` is where the visitor wanted to go."""

    email = StringField("E-mail", [InputRequired("Enter your e-mail."), Length(max=255)])
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=1024)])
    next = HiddenField()
