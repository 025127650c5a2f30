"""The Jinja environment: templates are compiled once per language, with its messages and filters built in."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from threading import RLock
from typing import Any

from flask import Flask
from flask.templating import Environment
from flask_babel import Babel, to_user_timezone
from jinja2 import Template
from markupsafe import Markup, escape

from kajoom.i18n.compile import PageCompiler
from kajoom.i18n.formats import LANGUAGES, Formats, current_formats
from kajoom.i18n.labels import EACH_CYCLE

_FORMAT_FILTERS = (
    "capitalized", "clock_time", "date_tag", "from_date", "localized", "long_date", "moment", "money",
    "money_with_currency", "number", "percent", "plan_name", "quantity", "recent_moment", "short_date", "size",
)  # fmt: skip


_INDENTATION = re.compile(r"((?:%|#)\})?\n[ \t]+")

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


class LocalizedEnvironment(Environment):
    """Flask's environment, which hands each template to the environment of the language in use."""

    formats: Formats | None = None

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self.trim_blocks = self.lstrip_blocks = True
        self.by_language: dict[str, LocalizedEnvironment] = {}
        self.loaded: dict[Any, Template] = {}
        self._loading = RLock()

    def get_or_select_template(self, template_name_or_list: Any, *args: Any, **kwargs: Any) -> Template:
        """The template in the language of the request or of the e-mail."""
        if self.formats is None:
            environment = self._environment_for(current_formats())
            return environment.get_or_select_template(template_name_or_list, *args, **kwargs)
        return super().get_or_select_template(template_name_or_list, *args, **kwargs)

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        """The template of a name, which is compiled once unless files may change, and by one thread at a time.

        Several would each need memory for the whole of it, up to 9 MB for the pages that eight clients open first.
        """
        if self.auto_reload or self.formats is None or globals:
            return super().get_template(name, parent, globals)
        if name not in self.loaded:
            with self._loading:
                if name not in self.loaded:
                    self.loaded[name] = super().get_template(name, parent)
        return self.loaded[name]

    def _environment_for(self, formats: Formats) -> LocalizedEnvironment:
        if formats.language not in self.by_language:
            environment = self.overlay()
            environment.formats = formats
            environment.code_generator_class = PageCompiler
            environment.loaded = {}
            environment.filters = {**self.filters, **_filters(formats)}
            environment.globals = {
                **self.globals,
                "formats": formats,
                "money_tag": formats.money_tag,
                "date_tag": formats.date_tag,
                "each_cycle": EACH_CYCLE,
                "ngettext": formats.ngettext,
            }
            self.by_language[formats.language] = environment
        return self.by_language[formats.language]

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template, as one dict instead of Jinja's ``ChainMap``.

        Each import of a macro compares the names of the globals: 2 microseconds with a dict, 60 with a ``ChainMap``.
        """
        return {**self.globals, **(d or {})} if self.formats is not None else super().make_globals(d)

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """The source of a template; that of a page without its indentation, which would be sent.

        After a tag one space of it stays: Jinja removes the line's end there, and two sentences would be joined.
        """
        if name is not None and name.endswith(".html"):
            source = _INDENTATION.sub(lambda match: f"{match[1]}\n " if match[1] else "\n", source)
        return super().preprocess(source, name, filename)


def localized_environment(app: Flask, **options: Any) -> LocalizedEnvironment:
    """The environment of an application's templates, and Flask-Babel, by which they write times in its time zone."""
    # Not fr_CA: Flask-Security's translations are under "fr" and would silently fall back to English.
    Babel(app, default_locale=LANGUAGES[0], configure_jinja=False)
    return LocalizedEnvironment(app, **options)


def unbroken(text: str) -> Markup:
    """A text as HTML of an e-mail, where dates such as 2026-11-01 are not broken at their hyphens."""
    marked = _DATE.sub(r'<span style="white-space: nowrap;">\g<0></span>', str(escape(str(text))))
    return Markup(marked)  # noqa: S704 - the text is escaped


def _filters(formats: Formats) -> dict[str, Callable[..., Any]]:
    return {
        **{name: getattr(formats, name) for name in _FORMAT_FILTERS},
        "label": formats.label,
        "translate": formats.gettext,
        "local_day": lambda at: to_user_timezone(at).date(),
        "nearly": lambda limit: limit * 4 // 5,
        "unbroken": unbroken,
    }
