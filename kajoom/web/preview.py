"""What one choice comes to, as the page shows it: its figures, what is gained and lost, or why it has no price."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kajoom import clock
from kajoom.domain.catalog import CatalogPlan, Translated
from kajoom.domain.quote import Quote, When
from kajoom.domain.refusal import BusinessError
from kajoom.domain.usage import LimitChange, limit_changes
from kajoom.models.figures import Figures
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.quotes import Choice, delay_of, quote_change
from kajoom.web.figures import figures_of_quote


@dataclass(frozen=True)
class Preview:
    """One choice and what it comes to: its quote with every figure, or why it has none."""

    service: ServiceSnapshot
    choice: Choice
    quote: Quote | None = None
    error: BusinessError | None = None

    @cached_property
    def plan(self) -> CatalogPlan:
        """The plan chosen; the present one when the choice named none that exists."""
        return self.service.group.plan(self.choice.plan) or self.service.plan

    @cached_property
    def figures(self) -> Figures | None:
        """The table of figures."""
        return figures_of_quote(self.service, self.plan, self.quote) if self.quote else None

    @cached_property
    def limits(self) -> tuple[LimitChange, ...]:
        """What the change allows more or less of."""
        compared = limit_changes(self.service.usage, self.service.plan.limits, self.plan.limits)
        return tuple(limit for limit in compared if limit.differs)

    @cached_property
    def gained(self) -> list[Translated]:
        """What the plan chosen includes and the present one does not."""
        return [feature for feature in self.plan.features if feature not in self.service.plan.features]

    @cached_property
    def lost(self) -> list[Translated]:
        """What the present plan includes and the one chosen does not."""
        return [feature for feature in self.service.plan.features if feature not in self.plan.features]

    @cached_property
    def delay(self) -> Translated | None:
        """The delay announced when a person must act, in both languages; ``None`` when none must."""
        return delay_of(self.service, self.plan) if self.quote and self.quote.needs_person else None

    @cached_property
    def timing_options(self) -> tuple[When, ...]:
        """The answers to « when? », the default first; empty where there is no choice."""
        return self.quote.timing_options if self.quote else ()

    @cached_property
    def when(self) -> When | None:
        """The answer in force."""
        return self.choice.when if self.choice.when in self.timing_options else next(iter(self.timing_options), None)

    @cached_property
    def asked(self) -> str:
        """The name of the question « when? » as the form puts it; see ``plan._answer``."""
        return f"{self.choice.cycle}.{self.timing_options[0] if self.timing_options else 'none'}"


def preview_of(service: ServiceSnapshot, choice: Choice) -> Preview:
    """The quote of a choice today, or its refusal."""
    try:
        return Preview(service, choice, quote_change(service, choice, clock.today()))
    except BusinessError as error:
        return Preview(service, choice, error=error)
