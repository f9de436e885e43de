"""Flask-WTF forms, made from the field registry."""
