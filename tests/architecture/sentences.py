"""What the pages and e-mails state: the values behind their dates, amounts and delays, and their fixed promises."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel.messages.catalog import Catalog
from jinja2 import Environment, nodes

_GETTEXT = {"_", "gettext", "ngettext"}
_VALUE_FILTERS = {"date_tag", "local_day", "long_date", "moment", "money", "money_with_currency", "short_date"}
_VALUE_MACROS = {"date_tag", "money_tag"}
_DELAY_NAMES = {"days", "delay", "until"}
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_PROMISE = re.compile(
    r"\b(at once|automatically|by itself|days?|delet\w+|eras\w+|hours?|immediately|less than|minutes?|never|refund\w*"
    r"|remov\w+|usually|within)\b",
    re.IGNORECASE,
)


def stated_values(template: str, environment: Environment) -> Iterator[str]:
    """The expressions whose dates, amounts and delays a template's sentences state, such as ``order.effective_on``."""
    for call in environment.parse(template).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _GETTEXT:
            for argument in call.kwargs:
                if argument.key in _DELAY_NAMES or _is_value(argument.value):
                    yield from _paths(argument.value)


def fixed_promises(messages: Catalog) -> Iterator[str]:
    """The messages that state a delay, a deletion or a refund in words."""
    for message in messages:
        english = message.id if isinstance(message.id, str) else message.id[0]
        if english and _PROMISE.search(_PLACEHOLDER.sub("", english)):
            yield english


def _is_value(node: nodes.Node) -> bool:
    """Whether an expression is formatted as a date or an amount."""
    formatted = any(each.name in _VALUE_FILTERS for each in [node, *node.find_all(nodes.Filter)]
                    if isinstance(each, nodes.Filter))  # fmt: skip
    calls = [each for each in [node, *node.find_all(nodes.Call)] if isinstance(each, nodes.Call)]
    return formatted or any(isinstance(call.node, nodes.Name) and call.node.name in _VALUE_MACROS for call in calls)


def _paths(node: nodes.Node) -> Iterator[str]:
    """The names and attributes that an expression reads, without its filters and functions."""
    match node:
        case nodes.Name():
            yield node.name
        case nodes.Getattr():
            yield from (f"{path}.{node.attr}" for path in _paths(node.node))
        case nodes.Filter():
            yield from _paths(node.node) if node.node else ()
        case nodes.Call():
            yield from (path for argument in node.args for path in _paths(argument))
        case nodes.CondExpr():
            yield from _paths(node.expr1)
            yield from _paths(node.expr2) if node.expr2 else ()
        case nodes.Neg():
            yield from _paths(node.node)
        case _:
            return
