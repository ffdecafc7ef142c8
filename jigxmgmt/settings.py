"""The one place that reads the environment; every variable is named here."""

import hashlib
import os
import tempfile
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured

from jigxmgmt import api_settings
from jigxmgmt.databases import read_database
from jigxmgmt.keys import decode_keys, read_or_make_key, require_key_arns

django_stubs_ext.monkeypatch()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where the state lies -------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
KEY_DIR = DATA_DIR / "keys"
MAIL_DIR = DATA_DIR / "mail"


def socket_path(folder: Path) -> Path:
    """Name the broker's socket; the kernel takes 107 bytes at most, so a deep folder moves it."""
    path = folder / "broker.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"jigxmgmt-{os.getuid()}-{digest}" / "broker.sock"


BROKER_SOCKET = socket_path(DATA_DIR)

# --- Keys: from the environment, else from files made at first start ----------------------
SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_make_key(KEY_DIR / "secret.key")[0]
# Newest first; a second one stays while it is rotated. The same on every host.
TRANSPORT_KEYS = decode_keys(
    env.list("TRANSPORT_KEY", default=[]) or read_or_make_key(KEY_DIR / "transport.key"),
    name="TRANSPORT_KEY",
)
VAULT_KEYS = decode_keys(
    env.list("VAULT_KEY", default=[]) or read_or_make_key(KEY_DIR / "vault.key"),
    name="VAULT_KEY",
)
# A key of AWS KMS by its ARN, in place of the file's; former ones still unwrap (as does the file).
VAULT_KMS_KEY_ID = env.str("VAULT_KMS_KEY_ID", default="")
VAULT_KMS_FORMER_KEY_IDS = env.list("VAULT_KMS_FORMER_KEY_IDS", default=[])
require_key_arns([VAULT_KMS_KEY_ID, *VAULT_KMS_FORMER_KEY_IDS])
TOKEN_KEYS = decode_keys(
    env.list("TOKEN_KEY", default=[]) or read_or_make_key(KEY_DIR / "token.key"), name="TOKEN_KEY"
)

# --- Address --------------------------------------------------------------------------------
DEBUG = False
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
if "*" in TRUSTED_PROXIES:  # then a client would choose its own address, and pass every limit
    raise ImproperlyConfigured("TRUSTED_PROXIES names the proxies; * would trust everybody.")
_OWN_HOSTS = ["127.0.0.1", "localhost", "[::1]", urlsplit(PUBLIC_URL).hostname or "localhost"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or _OWN_HOSTS
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
_IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _IS_HTTPS else 0
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# --- Parts ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.admin",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    # Both in their simple form: in the other each rewrites the loaders behind the other's back,
    # and raw <c-…> tags reach the browser.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "orgs",
    "auth_providers",
    "functions",
]

MIDDLEWARE = [
    "jigxmgmt.middleware.RememberOrigin",
    "jigxmgmt.middleware.RequirePrivateWay",
    "jigxmgmt.middleware.RefuseNullCharacters",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "orgs.console.idle.EndIdleSessions",
    "auth_providers.middleware.KeepToSingleSignOn",
    "auth_providers.middleware.RenewProvedSessions",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jigxmgmt.middleware.ContentSecurityPolicy",
]

ROOT_URLCONF = "jigxmgmt.urls"
ASGI_APPLICATION = "jigxmgmt.asgi.application"
WSGI_APPLICATION = "jigxmgmt.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_LOADERS = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
_CACHED = [("django.template.loaders.cached.Loader", _LOADERS)]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", _CACHED)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orgs.console.shell.shell",
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
            ],
        },
    }
]
COTTON_DIR = "cotton"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database -------------------------------------------------------------------------------
DATABASES = {"default": read_database(env, default=f"sqlite:///{DATA_DIR / 'jigxmgmt.sqlite3'}")}
DATABASE_CONNECTION_POOLING = False  # SQL Server's driver would keep those that Django closed

# --- Broker and tasks -----------------------------------------------------------------------
_EMBEDDED = f"unix://{BROKER_SOCKET}"
REDIS_URL = env.str("REDIS_URL", default=_EMBEDDED)
USES_EMBEDDED_BROKER = REDIS_URL == _EMBEDDED
# One socket, two spellings: kombu's and redis-py's.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_THREADS", default=4)
CELERY_IMPORTS = ["functions.worker"]
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CLOCKED_COMMANDS = {
    "clear_expired": timedelta(hours=1),
    "expire_invites": timedelta(hours=1),
    "link_audit_events": timedelta(minutes=5),
    "recheck_domains": timedelta(hours=6),
    "send_forgotten_invites": timedelta(minutes=10),
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": "orgs.tasks.run_command", "schedule": every, "kwargs": {"name": name}}
    for name, every in CLOCKED_COMMANDS.items()
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"serializer": "jigxmgmt.cache.JSONSerializer"},
    }
}

# --- The lane -------------------------------------------------------------------------------
LANE_QUEUE_SECONDS = env.float("LANE_QUEUE_SECONDS", default=5.0)
LANE_QUEUE_LENGTH = env.int("LANE_QUEUE_LENGTH", default=2000)
LANE_CALL_SECONDS = env.float("LANE_CALL_SECONDS", default=30.0)
LANE_SERVICE_SECONDS = env.float("LANE_SERVICE_SECONDS", default=20.0)
LANE_CONCURRENCY = env.int("LANE_CONCURRENCY", default=1024)
# A quarter of what one worker runs, so that no organization can take it all.
LANE_CALLS_PER_ORGANIZATION = env.int("LANE_CALLS_PER_ORGANIZATION", default=256)
LANE_MAX_BYTES = env.int("LANE_MAX_BYTES", default=6 * 1024 * 1024)
LANE_MAX_PAGES = env.int("LANE_MAX_PAGES", default=100)
LANE_TOTAL_BYTES = env.int("LANE_TOTAL_BYTES", default=24 * 1024 * 1024)
LANE_MAX_ROWS = env.int("LANE_MAX_ROWS", default=50_000)
# SQL blocks its thread. A slow database holds up no more of them than its own share, and an
# organization with many slow ones a quarter.
LANE_SQL_THREADS = env.int("LANE_SQL_THREADS", default=64)
LANE_SQL_PER_ORGANIZATION = env.int("LANE_SQL_PER_ORGANIZATION", default=16)
LANE_SQL_PER_CONNECTION = env.int("LANE_SQL_PER_CONNECTION", default=8)
DATA_UPLOAD_MAX_MEMORY_SIZE = LANE_MAX_BYTES
# A body stays in memory: one past this size would be spooled to disk, values and all, so
# the web's door takes none.
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES = 24 * 1024 * 1024
CALL_LOG_DAYS = env.int("CALL_LOG_DAYS", default=30)

# --- The outside world ----------------------------------------------------------------------
OUTBOUND_ALLOWED_NETWORKS = tuple(
    ip_network(network) for network in env.list("OUTBOUND_ALLOWED_NETWORKS", default=[])
)
OUTBOUND_BIND_ADDRESS = env.str("OUTBOUND_BIND_ADDRESS", default="") or None
PROVIDER_TIMEOUT = env.float("PROVIDER_TIMEOUT", default=10.0)
# What ODBC calls a driver that the operator installed; none named: the one that the extra brings.
SQL_SERVER_DRIVER = env.str("SQL_SERVER_DRIVER", default="")
# Where service principals get their tokens; nowhere named: the cloud that the database is in.
AZURE_AUTHORITY_HOST = env.str("AZURE_AUTHORITY_HOST", default="").rstrip("/")
EGRESS_ADDRESSES = env.list("EGRESS_ADDRESSES", default=[])
# Who is asked for the proof of a domain, as host or host:port; nobody named: the system's own.
DNS_RESOLVERS = env.list("DNS_RESOLVERS", default=[])

# --- Published solutions --------------------------------------------------------------------
SOLUTION_MAX_ZIP_BYTES = env.int("SOLUTION_MAX_ZIP_BYTES", default=20 * 1024 * 1024)
SOLUTION_MAX_BYTES = env.int("SOLUTION_MAX_BYTES", default=100 * 1024 * 1024)
SOLUTION_MAX_FILES = env.int("SOLUTION_MAX_FILES", default=5000)

# --- People and tokens ----------------------------------------------------------------------
AUTH_USER_MODEL = "orgs.User"
# Passwords are kept here, unless an Amazon Cognito user pool is named.
COGNITO_USER_POOL_ID = env.str("COGNITO_USER_POOL_ID", default="")
COGNITO_CLIENT_ID = env.str("COGNITO_CLIENT_ID", default="")
COGNITO_CLIENT_SECRET = env.str("COGNITO_CLIENT_SECRET", default="")
COGNITO_REGION = env.str("COGNITO_REGION", default="") or COGNITO_USER_POOL_ID.partition("_")[0]
PASSWORD_KEEPER = "orgs.services.passwords.OwnPasswords"  # noqa: S105 (a class)
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
if COGNITO_USER_POOL_ID:
    PASSWORD_KEEPER = "auth_providers.services.user_pool.PoolPasswords"  # noqa: S105 (a class)
    AUTHENTICATION_BACKENDS = ["auth_providers.adapters.UserPoolBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword")
] + [{"NAME": "orgs.services.password_words.ContextWords"}]
ACCOUNT_ADAPTER = "auth_providers.adapters.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "add_email": "auth_providers.console.forms.NewEmailForm",
    "change_password": "auth_providers.console.forms.NewPasswordForm",
    "login": "auth_providers.console.forms.SignInForm",
    "reset_password": "auth_providers.console.forms.LostPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
# Six digits and five tries a code: these bounds keep guessing below one in 20,000 a day.
ACCOUNT_RATE_LIMITS = {
    "email_code": "30/10m/ip,3/5m/key,10/d/key",
    "email_code_try": "60/5m/ip,20/5m/key",
    "reset_password": "20/m/ip,3/5m/key,10/d/key",
    "single_sign_on": "300/5m/ip,30/5m/key",
    "way_to_provider": "60/5m/ip",
}
ACCOUNT_USER_DISPLAY = "orgs.models.display_name"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
MFA_ADAPTER = "auth_providers.adapters.MFAAdapter"
MFA_FORMS = {
    "add_webauthn": "auth_providers.console.forms.NewPasskeyForm",
    "edit_webauthn": "auth_providers.console.forms.RenamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
USERSESSIONS_ADAPTER = "auth_providers.adapters.SessionsAdapter"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"

OAUTH2_PROVIDER_APPLICATION_MODEL = "auth_providers.App"
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 15 * 60,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": timedelta(days=90),
    # With hashed storage anything else makes the library answer 500.
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "PKCE_REQUIRED": True,
    "SCOPES": {"app": "Use your organization's solutions on this device"},
    "DEFAULT_SCOPES": ["app"],
    "OAUTH2_VALIDATOR_CLASS": "auth_providers.oauth.Validator",
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
DEVICE_LIFETIME = timedelta(days=env.int("DEVICE_LIFETIME_DAYS", default=180))

# --- The API --------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, object] = api_settings.REST_FRAMEWORK
SPECTACULAR_SETTINGS: dict[str, object] = api_settings.SPECTACULAR_SETTINGS

# --- Mail -----------------------------------------------------------------------------------
_EMAIL_URL = env.str("EMAIL_URL", default="")
if _EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "jigxmgmt.mail.FolderBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="jigxmgmt <no-reply@localhost>")

# --- Words, time, files -----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = USE_I18N = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True  # for a server that was started before anything was collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "jigxmgmt.static.StaticFiles"},
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Logs: what happened, never with what values ------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # At DEBUG these write the tokens that they are given.
    "loggers": {name: {"level": "WARNING"} for name in ("oauthlib", "oauth2_provider")},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
