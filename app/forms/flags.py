"""Forms of the page for feature flags. What is acceptable the service says, in one place."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange

from app.core.row_ids import MAX_ROW_ID


class FlagForm(FlaskForm):  # type: ignore[misc]
    """A new feature flag."""

    key = StringField("Key", [InputRequired("Enter a key.")])
    name = StringField("Name")
    description = TextAreaField("Description")


class FlagEditForm(FlaskForm):  # type: ignore[misc]
    """What people call a flag and what it means; `version` is the one that was opened."""

    name = StringField("Name")
    description = TextAreaField("Description")
    version = IntegerField("Version", [InputRequired(), NumberRange(1, MAX_ROW_ID)])
