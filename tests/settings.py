"""The settings of the tests: the real ones, under an environment that is always the same.

TEST_DATABASE_URL chooses the database. DATABASE_URL is never looked at, so that a test run on a
machine of a working installation stays away from its data.
"""

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent / "var" / "tests"
ROOT.mkdir(parents=True, exist_ok=True)

for name in (
    "ANNOUNCE_SECONDS",
    "ASKED_A_DAY",
    "BACKUP_KEYS",
    "CHECKPOINT_ROOT",
    "DEMO",
    "EMAIL_URL",
    "FILES_BACKEND",
    "FILES_OPTIONS",
    "FILES_ORIGIN",
    "FILES_ROOT",
    "FILES_SENT_BY",
    "FILE_UPLOAD_TEMP_DIR",
    "HSTS_PRELOAD",
    "HSTS_SECONDS",
    "HSTS_SUBDOMAINS",
    "INSTITUTION",
    "KEPT_DAYS",
    "LOG_JSON",
    "LOG_LEVEL",
    "METRICS_DIR",
    "METRICS_TOKEN",
    "QUESTION_UNDO_SECONDS",
    "REDIS_PREFIX",
    "REDIS_URL",
    "RELEASE",
    "RETURN_PATH",
    "SEAL_KEYS",
    "SEAL_SIGNS",
    "SENTRY_DSN",
    "STATIC_ROOT",
    "TRUSTED_PROXIES",
    "UNDO_SECONDS",
    "UPLOAD_DAYS",
):
    os.environ.pop(name, None)
os.environ |= {
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "BASE_URL": "http://testserver",
    # Stays empty: conftest.py puts a file of the run's own in its place. Not in memory, which the
    # live server would share between threads as one connection.
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{ROOT / 'db.sqlite3'}",
    # Nothing is kept here: conftest.py gives each test a folder of its own.
    "DATA_ROOT": str(ROOT),
    "DEFAULT_FROM_EMAIL": "Bewijskracht <noreply@school.example>",
    "SECRET_KEY": "secret-key-of-the-tests",
    "INSTALLATION": "Bewijskracht",
    "SEAL_KEY": "seal-key-of-the-tests",
    "LINK_KEY": "link-key-of-the-tests",
    # Mails go and decisions are announced at once, as most tests ask what comes of it. Those of
    # undoing and of calling off (the fixture `waits`) have the waits of a school.
    "UNDO_SECONDS": "0",
    "QUESTION_UNDO_SECONDS": "0",
    "ANNOUNCE_SECONDS": "0",
}

from config.settings import *  # noqa: E402, F403 - once the environment is set
from tests.undefined import Undefined  # noqa: E402 - so too

TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = Undefined()  # noqa: F405 - from config.settings
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # many people, little time
WHITENOISE_AUTOREFRESH = True  # looks for a static file when asked, not at every start
# A live server's threads wait for a browser's next request; none may hold the database meanwhile.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 - from config.settings
# The demo's room stands there in every test; its pages answer where a test says `settings.DEMO`.
INSTALLED_APPS.insert(0, "demo")  # noqa: F405 - from config.settings
TEMPLATES[0]["OPTIONS"]["context_processors"].append("demo.context.accounts")  # noqa: F405 - from config.settings
