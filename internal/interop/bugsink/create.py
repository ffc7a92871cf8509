"""Makes the project with a key of our own. Run in bugsink-manage shell."""

import os

from projects.models import Project

Project.objects.create(
    name="interop", slug="interop", sentry_key=os.environ["BUGSINK_KEY"], retention_max_event_count=10_000_000,
)
