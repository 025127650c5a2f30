"""Settings of a small Django site with django-plans, tuned for speed: see docs/decisions/0091-bench.md."""

from __future__ import annotations

import os
from pathlib import Path

SECRET_KEY = "only for the benchmark"
DEBUG = False  # templates are then parsed once
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django_countries",
    "ordered_model",
    "plans",
    "sequences",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "plans.context_processors.account_status",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["PEER_FOLDER"]) / "peer.sqlite",
        "CONN_MAX_AGE": None,  # one connection for all requests of a process
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # read from memory
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LANGUAGE_CODE = "fr"
USE_TZ = True
LOGGING_CONFIG = None

PLANS_CURRENCY = "CAD"
PLANS_TAX = "14.975"
PLANS_TAX_COUNTRY = "CA"
PLANS_TAXATION_POLICY = "policy.OneRate"
SEND_PLANS_EMAILS = False
