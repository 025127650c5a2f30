"""The templates are compiled once a language, their sentences already said and their filters already bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import Template, nodes

from kajoom import clock
from kajoom.i18n.labels import method_of, name_of
from kajoom.i18n.compile import Folding
from kajoom.i18n.formats import Words, words

_WORDS = ("money", "money_with_currency", "long_date", "clock_time", "moment", "percent", "number", "size", "quantity")


class Templates(Environment):
    """Flask's environment, which hands each template on to the one compiled for the language in force."""

    spoken: Words | None = None

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self.trim_blocks = self.lstrip_blocks = True
        self.in_language: dict[str, Templates] = {}

    def get_or_select_template(self, template_name_or_list: Any, *args: Any, **kwargs: Any) -> Template:
        """The template in the language of the request or of the letter."""
        if self.spoken is None:
            return self._speaking(words()).get_or_select_template(template_name_or_list, *args, **kwargs)
        return super().get_or_select_template(template_name_or_list, *args, **kwargs)

    def _speaking(self, spoken: Words) -> Templates:
        if spoken.language not in self.in_language:
            environment = self.overlay()
            environment.spoken = spoken
            environment.filters = {**self.filters, **_filters(spoken)}
            environment.globals = {
                **self.globals, "words": spoken, "figure": spoken.figure, "day": spoken.day, "count": spoken.count,
            }  # fmt: skip
            self.in_language[spoken.language] = environment
        return self.in_language[spoken.language]

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        if self.spoken is not None:
            source = Folding(self, self.spoken).visit(source)
        return super()._generate(source, *args, **kwargs)


def _filters(spoken: Words) -> dict[str, Callable[..., Any]]:
    bound: dict[str, Callable[..., Any]] = {name: getattr(spoken, name) for name in _WORDS}
    return {
        **bound,
        "tr": spoken.tr,
        "date": spoken.day,
        "name": lambda code: spoken.gettext(name_of(code)),
        "say": spoken.gettext,
        "method": lambda method: spoken.tr(method.label) if method.label else spoken.gettext(method_of(method.code)),
        "local_day": lambda at: clock.local(at).date(),
        "nearly": lambda limit: limit * 4 // 5,
    }
