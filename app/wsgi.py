"""What the server's processes load."""

from __future__ import annotations

import gc

from app.factory import create_app
from app.jobs.setup import stand_by
from app.web.logging import configure_logging

configure_logging()
application = create_app()

# What is loaded now stays: the collector need not look at it again. A page of the catalog makes
# many short-lived objects; looking less often takes the long pauses out of the slowest requests.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)

# Last: its threads begin with everything loaded, and in the server's processes only.
stand_by(application)
