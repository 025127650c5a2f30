"""The page of a choice as htmx changes it in the browser: its fields, its previews and what they replace."""

from __future__ import annotations

from urllib.parse import urlencode
from xml.etree.ElementTree import Element, tostring

import html5lib

from tests.conftest import Browser


def _parsed(text: str) -> Element:
    page: Element = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    return page


def _pieces(text: str) -> Element:
    pieces: Element = html5lib.parseFragment(text, treebuilder="etree", namespaceHTMLElements=False)
    return pieces


def _by_id(root: Element, element_id: str) -> Element:
    found = [each for each in root.iter() if each.get("id") == element_id]
    assert len(found) == 1, f"{len(found)} elements #{element_id}"
    return found[0]


def _replace(root: Element, old: Element, new: Element) -> None:
    parent = next(each for each in root.iter() if old in list(each))
    new.tail = old.tail
    parent[list(parent).index(old)] = new


class LiveChoice:
    """The page of a choice in a browser with htmx."""

    def __init__(self, browser: Browser, path: str) -> None:
        self.browser = browser
        self.path = path.partition("?")[0]
        self.address = path
        self.load()

    def load(self) -> None:
        """Load the page whole, as a reload does."""
        self.page = _parsed(self.browser.get(self.address).text)
        self.chosen: dict[str, str] = {}
        self._take_checked(_by_id(self.page, "choose"))

    def choices(self, name: str) -> list[str]:
        """The values that can be chosen in a field."""
        return [each.get("value", "") for each in self._radios() if each.get("name") == name and not self._is_off(each)]

    def choose(self, name: str, value: str) -> str:
        """Press a radio button, have the preview answered and swapped in; returns the answer."""
        self.chosen[name] = value
        answer = self.browser.fragment(f"{self.path}?{urlencode(self.fields())}")
        assert answer.status_code == 200
        self.swap(answer.text)
        self.address = answer.headers["HX-Replace-Url"]
        return answer.text

    def fields(self) -> dict[str, str]:
        """The fields that the form sends."""
        names = {each.get("name", "") for each in self._radios() if not self._is_off(each)}
        asked = next(each for each in _by_id(self.page, "choose").iter("input") if each.get("name") == "asked")
        return {**{name: self.chosen[name] for name in names if name in self.chosen}, "asked": asked.get("value", "")}

    def swap(self, answer: str) -> None:
        """Put the parts of an answer in their places."""
        for piece in _pieces(answer):
            if piece.tag == "hx-partial":
                target = _by_id(self.page, piece.get("data-hx-target", "").removeprefix("#"))
                if piece.get("data-hx-swap") == "outerHTML":
                    self._put(target, piece[0])
            elif piece.tag != "title":
                self._put(_by_id(self.page, piece.get("id", "")), piece)

    def shown(self) -> tuple[list[str], dict[str, str]]:
        """What the client sees of the form and the link to the other language, and what is chosen in it.

        A slash in the query of an address may be written in two ways.
        """
        parts = [tostring(_by_id(self.page, name), encoding="unicode") for name in ("choose", "language")]
        lines = [
            line.strip() for part in parts for line in part.replace(' checked=""', "").replace("%2F", "/").splitlines()
        ]
        names = {each.get("name", "") for each in self._radios()}
        return [line for line in lines if line], {name: code for name, code in self.chosen.items() if name in names}

    def _put(self, old: Element, new: Element) -> None:
        _replace(self.page, old, new)
        self._take_checked(new)

    def _take_checked(self, part: Element) -> None:
        for each in part.iter("input"):
            if each.get("checked") is not None:
                self.chosen[each.get("name", "")] = each.get("value", "")

    def _radios(self) -> list[Element]:
        return [each for each in _by_id(self.page, "choose").iter("input") if each.get("type") == "radio"]

    def _is_off(self, radio: Element) -> bool:
        is_unasked = radio.get("name") == "when" and _by_id(self.page, "when").get("hidden") is not None
        return is_unasked or radio.get("disabled") is not None
