"""The domain in pure Python: no Flask, no SQLAlchemy."""
