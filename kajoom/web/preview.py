"""What one choice of plan costs and changes, as the pages show it, or why it has no price."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import NamedTuple

from kajoom.domain.catalog import CatalogPlan, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import FeatureChange, feature_changes
from kajoom.domain.quote import Quote, When
from kajoom.domain.refusal import BusinessError
from kajoom.domain.saving import Saving
from kajoom.domain.usage import LimitChange
from kajoom.models.figures import Figures
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.days_served import is_charged_by_day
from kajoom.operations.orders.plans import delay_of, limits_of_change, saving_of
from kajoom.operations.orders.quotes import Choice, Quotes
from kajoom.web.figures import figures_of_quote

_NO_QUESTION = "none"


@dataclass(frozen=True, eq=False)
class Preview:
    """One choice with its quote, or the error that says why it has none."""

    service: ServiceSnapshot
    choice: Choice
    quote: Quote | None = None
    error: BusinessError | None = None

    @cached_property
    def plan(self) -> CatalogPlan:
        """The chosen plan, or the current plan when the chosen one does not exist."""
        return self._chosen or self.service.plan

    @cached_property
    def _chosen(self) -> CatalogPlan | None:
        return self.service.catalog.plan_named(self.choice.plan, self.service.group.code)

    @property
    def chosen_id(self) -> int | None:
        """The id of the chosen plan, ``None`` when it does not exist."""
        return self._chosen.id if self._chosen else None

    @property
    def is_one_way(self) -> bool:
        """Whether the chosen plan is of another group, of which the host permits no move back."""
        return self.plan.group != self.service.group.code and self.service.group.code not in self.plan.other_groups

    @cached_property
    def names(self) -> tuple[Translated, Translated]:
        """The names of the current plan and of the chosen one."""
        return self.service.catalog.names(self.service.plan, self.plan)

    @cached_property
    def figures(self) -> Figures | None:
        """The amounts of the quote, ``None`` without a quote."""
        return figures_of_quote(self.service, self.plan, self.quote) if self.quote else None

    @cached_property
    def limits(self) -> tuple[LimitChange, ...]:
        """The limits that differ between the current plan and the chosen one."""
        return tuple(limit for limit in limits_of_change(self.service, self.plan) if limit.differs)

    @cached_property
    def features(self) -> tuple[FeatureChange, ...]:
        """The features that differ between the current plan and the chosen one."""
        compared = feature_changes(self.service.plan.features, self.plan.features)
        return tuple(change for change in compared if change.differs)

    @cached_property
    def saving(self) -> Saving | None:
        """What the chosen plan costs less on the chosen cycle."""
        return saving_of(self.service, self.plan, self.choice.cycle)

    @cached_property
    def savings(self) -> dict[BillingCycle, Saving | None]:
        """What the chosen plan costs less on each cycle that can be chosen."""
        return {cycle: saving_of(self.service, self.plan, cycle) for cycle in self.service.cycles}

    @cached_property
    def delay(self) -> Translated | None:
        """How long a change made by staff takes, in both languages; ``None`` for an automatic change."""
        return delay_of(self.service, self.plan) if self.quote and self.quote.needs_person else None

    @property
    def is_immediate(self) -> bool:
        """Whether the change is usually made within a minute: the server's panel does it, or there is nothing to do."""
        is_same_plan = self.plan.id == self.service.plan.id
        return not self.delay and (is_same_plan or self.service.catalog.server(self.service.server).is_immediate)

    @property
    def is_charged_by_day(self) -> bool:
        """Whether the client pays only for the days on which the new plan is in force."""
        return self.quote is not None and is_charged_by_day(self.quote, self.service.catalog.group_of(self.plan).charge)

    @property
    def timing_options(self) -> tuple[When, ...]:
        """When the change can be made, the default first; empty where there is no choice."""
        return self.quote.timing_options if self.quote else ()

    @property
    def default_when(self) -> str:
        """The default timing option, which names the question "when?" that the form asks."""
        return str(self.timing_options[0]) if self.timing_options else _NO_QUESTION

    @property
    def when(self) -> When | None:
        """The timing option in force."""
        return self.choice.when if self.choice.when in self.timing_options else next(iter(self.timing_options), None)


class Shown(NamedTuple):
    """What a form of the choice shows: the value of its hidden field ``asked``, so that an answer brings what differs.

    ``default`` is ``Preview.default_when`` and ``state`` names all that prices follow from besides the choice.
    """

    cycle: str
    default: str
    plan: str
    state: str

    @classmethod
    def parse(cls, asked: str) -> Shown:
        """What a form says that it shows; what it leaves out is empty, and so differs from what is to be shown."""
        cycle, default, plan, state, *_ = [*asked.split("."), "", "", "", ""]
        return cls(cycle, default, plan, state)

    def __str__(self) -> str:
        return ".".join(self)


def shown_by(preview: Preview, language: str) -> Shown:
    """What the form shows with a preview in a language."""
    choice = preview.choice
    return Shown(choice.cycle, preview.default_when, choice.plan, _state(preview.service, language))


@lru_cache(maxsize=256)
def _state(service: ServiceSnapshot, language: str) -> str:
    state = repr((tuple(service.values), service.on, language))
    return blake2b(state.encode(), digest_size=8).hexdigest()


class Changed(NamedTuple):
    """The parts of the form that differ from what it shows, besides the price preview itself.

    ``prices`` are those of all plans, with whether each can be chosen; ``savings`` those of the cycles.
    """

    prices: bool
    savings: bool
    timing: bool

    @classmethod
    def between(cls, before: Shown, after: Shown) -> Changed:
        """What differs. The plan that was chosen may be one that can't be, and it is a plan without a question."""
        is_other_state, is_other_plan = before.state != after.state, before.plan != after.plan
        is_left = is_other_plan and before.default == _NO_QUESTION
        return cls(
            prices=is_other_state or before.cycle != after.cycle or is_left,
            savings=is_other_state or is_other_plan,
            timing=is_other_state or before.default != after.default,
        )


def preview_of(quotes: Quotes, choice: Choice, asked: str | None = None) -> Preview:
    """The preview of a choice, with its quote or its refusal.

    ``asked`` is what the form showed. The answer to the question "when?" of another plan is dropped: a client who moves
    from a higher plan, where "now" is the default, to a lower one, where "now" gives up what is already paid, has not
    answered that other question.
    """
    preview = _preview(quotes, choice)
    is_answer = choice.when is None or asked is None or Shown.parse(asked).default == preview.default_when
    return preview if is_answer else _preview(quotes, Choice(choice.plan, choice.cycle))


def _preview(quotes: Quotes, choice: Choice) -> Preview:
    try:
        return _priced(quotes, choice)
    except BusinessError as error:
        return Preview(quotes.service, choice, error=error)


@lru_cache(maxsize=256)
def _priced(quotes: Quotes, choice: Choice) -> Preview:
    """The preview of a choice that has a quote; the last ones are kept, with their amounts and what they compare."""
    return Preview(quotes.service, choice, quotes.quote(choice))
