"""Bugsink for the interop tests: SQLite below BUGSINK_DATA, no quotas, and events
digested in the request that brings them."""

import os

from bugsink.settings.default import *  # noqa

BASE = os.environ["BUGSINK_DATA"]

SECRET_KEY = "of a server on loopback that lives for a test; nothing is signed with it"
DATABASES["default"]["NAME"] = BASE + "/db.sqlite3"  # noqa
DATABASES["snappea"]["NAME"] = BASE + "/snappea.sqlite3"  # noqa
ALLOWED_HOSTS = ["*"]
TIME_ZONE = "UTC"
SENTRY_DSN = None
SNAPPEA = {"TASK_ALWAYS_EAGER": True}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

BUGSINK = {
    "BASE_URL": "http://localhost",
    "SINGLE_USER": True,
    "SINGLE_TEAM": True,
    "PHONEHOME": False,
    "INGEST_STORE_BASE_DIR": BASE + "/ingest",
    **{
        "MAX_EVENTS_PER_" + period: 10_000_000
        for period in (
            "PROJECT_PER_5_MINUTES", "PROJECT_PER_HOUR", "PROJECT_PER_MONTH",
            "5_MINUTES", "HOUR", "MONTH",
        )
    },
}
