"""One settings file; installations differ by environment variables only (see .env.example)."""

import os
import secrets
import tempfile
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- What kind of installation this is ------------------------------------------------------------

DEMO = env.bool("DEMO", default=False)
DEBUG = False
# Where an embedded installation keeps its database, files and keys.
DATA_ROOT = Path(env.str("DATA_ROOT", default=str(BASE_DIR / "var")))
REDIS_URL = env.str("REDIS_URL", default="")
REDIS_PREFIX = env.str("REDIS_PREFIX", default="")  # where installations share one Redis
# Without a broker the work is done in process, by a small sweep thread (post/work.py).
EMBEDDED = not REDIS_URL
INSTITUTION = env.str("INSTITUTION", default="Demoschool" if DEMO else "Bewijskracht")


def secret(name: str) -> str:
    """The secret of this name from the environment; the demo makes its own, under DATA_ROOT."""
    value = env.str(name, default="")
    if value:
        return value
    if not DEMO:
        raise ImproperlyConfigured(f"{name} is not set: an installation does not start without it.")
    path = DATA_ROOT / f"{name.lower()}.txt"
    if not path.exists():
        DATA_ROOT.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def seal_keys() -> dict[int, str]:
    """The keys that prove events, by number, from "1=…,2=…": all verify; the highest signs, unless
    SEAL_SIGNS names another. A key by itself (SEAL_KEY) is number 1."""
    try:
        keys = {int(number): key for number, key in env.dict("SEAL_KEYS", default={}).items()}
    except ValueError as fault:
        raise ImproperlyConfigured("SEAL_KEYS is not of the form 1=…,2=…") from fault
    if 1 not in keys and (env.str("SEAL_KEY", default="") or not keys):
        keys[1] = secret("SEAL_KEY")
    if not all(0 < number < 32768 and key for number, key in keys.items()):
        raise ImproperlyConfigured("SEAL_KEYS has an empty key, or a number that is not from 1 on")
    return keys


SECRET_KEY = secret("SECRET_KEY")
SEAL_KEYS = seal_keys()  # prove the record; never in the database
SEAL_SIGNS = env.int("SEAL_SIGNS", default=0)  # while a new key is handed out: the one of before
if SEAL_SIGNS and SEAL_SIGNS not in SEAL_KEYS:
    raise ImproperlyConfigured("SEAL_SIGNS names no key of SEAL_KEYS")
# Which installation this is, in its record: no other one has this name, and it never changes.
INSTALLATION = env.str("INSTALLATION", default="demo" if DEMO else "")
if not 0 < len(INSTALLATION) <= 100:
    raise ImproperlyConfigured("INSTALLATION is not set, or longer than 100 characters")
LINK_KEY = secret("LINK_KEY")  # derives the links in mails; never in the database

# --- Addresses ------------------------------------------------------------------------------------

BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE
# For so long a browser asks for https only; for the names under BASE_URL too; and whether browsers
# may have that built in.
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SECURE_REFERRER_POLICY = "same-origin"  # links in mails never leave in a Referer
X_FRAME_OPTIONS = "DENY"

# How many proxies of the school stand before it: what they say of a caller is believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- Rooms ----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "home",
    "committees",
    "portfolio",
    "evidence",
    "programmes",
    "qualifications",
    "files",
    "people",
    "post",
    "records",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "django_htmx",
    "heroicons",
    "template_partials.apps.SimpleAppConfig",
]

if DEMO:
    INSTALLED_APPS.insert(0, "demo")

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.middleware.MeasureMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "people.middleware.PageCompressionMiddleware",
    "people.middleware.NoStoreMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "people.middleware.RefusalMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.PersonLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "people.middleware.DefaultDenyMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "home.context.frame",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
if DEMO:
    TEMPLATES[0]["OPTIONS"]["context_processors"].append("demo.context.accounts")  # type: ignore[index]  # of mixed values
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data -----------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_ROOT / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    if not (DEMO or (folder := Path(DATABASES["default"]["NAME"]).parent).is_dir()):
        raise ImproperlyConfigured(
            f"There is no folder {folder} for the database: make it, or let DATA_ROOT name "
            "another, or DATABASE_URL a PostgreSQL server."
        )
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
            "PRAGMA secure_delete=ON;"  # what is erased is overwritten
            "PRAGMA cache_size=-16000;"  # 16 MB: what a page on a large set goes through
        ),
    }
else:
    # Nobody waits without end: not for a server that is away, nor for somebody else's lock. And
    # no query is compiled (jit): that takes seconds, and the queries of a page milliseconds.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "options": "-c lock_timeout=15s -c jit=off",
        **DATABASES["default"].get("OPTIONS", {}),
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# What was taken in and nothing came to name goes after so many days, and its bytes with it.
UPLOAD_DAYS = env.int("UPLOAD_DAYS", default=7)
FILES_ROOT = Path(env.str("FILES_ROOT", default=str(DATA_ROOT / "files")))
# Another storage than that folder: its class, and its options as JSON.
FILES_BACKEND = env.str("FILES_BACKEND", default="")
FILES_OPTIONS = env.json("FILES_OPTIONS", default={})
# Who sends the bytes of a file to a browser, once the application has said that it may see them.
FILES_SENT_BY = env.str("FILES_SENT_BY", default="application")
if FILES_SENT_BY not in ("application", "nginx", "storage"):
    raise ImproperlyConfigured("FILES_SENT_BY is application, nginx or storage.")
FILES_ORIGIN = env.str("FILES_ORIGIN", default="")  # of the storage, where it sends them
# Checkpoints of the record are kept here too: best where who administers the database cannot write.
CHECKPOINT_ROOT = Path(env.str("CHECKPOINT_ROOT", default=str(DATA_ROOT / "checkpoints")))
# Who can open a backup: public age keys. Those that open it are kept elsewhere.
BACKUP_KEYS = env.list("BACKUP_KEYS", default=[])
STORAGES = {
    "default": {
        "BACKEND": FILES_BACKEND or "django.core.files.storage.FileSystemStorage",
        "OPTIONS": FILES_OPTIONS if FILES_BACKEND else {"location": FILES_ROOT},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT: Path | None = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
# The embedded installation has no collectstatic step: the finders serve, without hashed names.
if EMBEDDED:
    STATIC_ROOT = None
    WHITENOISE_USE_FINDERS = True
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_AUTOREFRESH = False
# Bigger than any text a form here takes; files are measured apart, by kind.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
LARGEST_BODY = 600 * 1024 * 1024  # a whole form with its files: one film and some photos
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "people.disk.UploadHandler",
]
FILE_UPLOAD_TEMP_DIR = env.str("FILE_UPLOAD_TEMP_DIR", default="") or None

# --- People ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:home"
CSRF_FAILURE_VIEW = "people.views.csrf_failure"
ACCOUNT_ADAPTER = "people.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "sign_in"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Ours are counted in the database, and lock no school out (people/signing_in.py).
ACCOUNT_RATE_LIMITS = False
ACCOUNT_FORMS = {
    "change_password": "people.forms.ChangePasswordForm",
    "reset_password": "people.forms.ResetPasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = "none"  # a coordinator registers people; nobody signs up
# allauth's own reads and fills its table of addresses; ours stand with the person.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - its name
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SESSION_ENGINE = "people.sessions"  # the database holds nothing that opens one
SESSION_COOKIE_AGE = 60 * 60 * 12
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# To so many people somebody sends a question in 24 hours: for feedback, or whether they said what
# was noted of them.
ASKED_A_DAY = env.int("ASKED_A_DAY", default=20)

# --- Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", _("Dutch")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Amsterdam"

# --- Mail and work --------------------------------------------------------------------------------

if DEMO and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "demo.mailbox.EmailBackend"
else:
    vars().update(env.email_url("EMAIL_URL", default="smtp://127.0.0.1:25"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Bewijskracht <noreply@127.0.0.1>")
# Where reports come of mails that did not arrive, each to this name with a plus and a token.
RETURN_PATH = env.str("RETURN_PATH", default="")
if len(RETURN_PATH.partition("@")[0]) > 21:  # of the 64 characters that a name may have
    raise ImproperlyConfigured("RETURN_PATH: at most 21 characters before the @.")

# After so many days goes what has ended and is no record: mails, drafts, errands. Sessions go once
# they have expired.
KEPT_DAYS = env.int("KEPT_DAYS", default=60)

# So many seconds the mail of what somebody sends waits, and so long it can be undone; that of a
# question for feedback waits less, as somebody may be standing by. And so many seconds after the
# order decisions are announced, where no hour was chosen.
UNDO_SECONDS = env.int("UNDO_SECONDS", default=30 if DEMO else 600)
QUESTION_UNDO_SECONDS = env.int("QUESTION_UNDO_SECONDS", default=30 if DEMO else 60)
ANNOUNCE_SECONDS = env.int("ANNOUNCE_SECONDS", default=30 if DEMO else 600)

CELERY_BROKER_URL = REDIS_URL
# A broker that hangs is one that is away: whoever waits for it longer asks again.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": REDIS_PREFIX,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long it is away
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "post.sweep", "schedule": 30.0},
    # Sees for itself whether the record was verified today.
    "watch": {"task": "post.do_work", "args": ["watch over the record"], "schedule": 3600.0},
}

# --- Security headers -----------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", *([FILES_ORIGIN] if FILES_ORIGIN else [])],
        "media-src": ["'self'", *([FILES_ORIGIN] if FILES_ORIGIN else [])],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# --- Logs -----------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING")
LOG_JSON = env.bool("LOG_JSON", default=False)
# Whatever is written, config/logs.py takes out of it what is about somebody.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ours": {"()": "config.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "ours"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # Django's own would mail and write beside ours.
    "loggers": {
        "django": {"handlers": [], "level": "NOTSET"},
        "django.server": {"handlers": [], "level": "NOTSET", "propagate": True},
    },
}

# Who may fetch what is measured: whoever brings this token. Without one nobody, and nothing is.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN:
    # Each process keeps what it counts in files here; prometheus-client reads the name once.
    METRICS_DIR = Path(
        env.str("METRICS_DIR", default=f"{tempfile.gettempdir()}/bewijskracht-metrics")
    )
    METRICS_DIR.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)

# Where faults are told to: the address of a sink that speaks as Sentry does.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    from config import reports

    reports.start(SENTRY_DSN, release=env.str("RELEASE", default=""))
