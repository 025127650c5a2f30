"""The schema of a host's catalogue file, table by table."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from kajoom.domain.catalog import GroupIcon
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.payment_method import LONGEST_NEEDS
from kajoom.domain.quote import ChargePolicy
from kajoom.operations.catalog.values import (
    Code,
    Currency,
    Day,
    Email,
    FreePrice,
    Limit,
    Link,
    LongText,
    NumberPrefix,
    PlanCodes,
    Price,
    Text,
)

ANY = "any"
"""In a move, every plan of the group."""


class Table(BaseModel):
    """A table of the file; a key that the model does not have is an error."""

    model_config = ConfigDict(extra="forbid")


class Translated(Table):
    """A text in both languages."""

    fr: Text
    en: Text

    @model_validator(mode="before")
    @classmethod
    def _check_type(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError('a text in both languages, { fr = "…", en = "…" }, expected')
        return value


class TranslatedLong(Translated):
    """A longer text in both languages."""

    fr: LongText
    en: LongText


class TranslatedLink(Translated):
    """An address in both languages."""

    fr: Link
    en: Link


def _yes_as_none(value: Any) -> Any:
    return None if value is True else value


FeatureValue = Annotated[Translated | None, BeforeValidator(_yes_as_none)]
"""What a plan has of a feature, in both languages; ``true`` in the file, ``None`` here, where it simply has it."""


class StaffEntry(Table):
    """Who is written to when a person is needed, and in which language unless their account has one."""

    notify: Annotated[list[Email], Field(min_length=1, max_length=20)] | None = None
    locale: Literal["fr", "en"] = "fr"


class OfflineEntry(Table):
    """How to pay without a provider; only a built-in method may go without a label.

    ``phrase`` is the method within a sentence, after "pay …". ``needs`` is how many days its money takes to arrive;
    without it that of the built-in method, or five.
    """

    label: Translated | None = None
    phrase: Translated | None = None
    instructions: TranslatedLong
    needs: Annotated[StrictInt, Field(ge=0, le=LONGEST_NEEDS)] | None = None


class PricesEntry(Table):
    """A plan's prices in one currency, in cents before tax: a field is a ``BillingCycle``."""

    free: FreePrice | None = None
    one_time: Price | None = None
    monthly: Price | None = None
    quarterly: Price | None = None
    semiannually: Price | None = None
    annually: Price | None = None
    biennially: Price | None = None
    triennially: Price | None = None
    four_years: Price | None = None
    five_years: Price | None = None
    six_years: Price | None = None
    seven_years: Price | None = None
    eight_years: Price | None = None
    nine_years: Price | None = None
    ten_years: Price | None = None


class PlanEntry(Table):
    """A plan: its texts, its limits (``None`` is unlimited) and its prices by currency.

    ``features`` has what the plan offers of the group's features, by their keys, or sentences. ``package`` is the
    panel's own name for the plan. Only a withdrawn plan may have no price.
    """

    level: Annotated[StrictInt, Field(ge=0, le=1_000_000)]
    name: Translated
    title: Translated
    description: TranslatedLong
    features: dict[Code, FeatureValue] = {}
    recommended: StrictBool = False
    withdrawn: StrictBool = False
    limits: dict[Code, Limit] = {}
    package: Text
    prices: Annotated[dict[Currency, PricesEntry], Field(validate_default=True)] = {}

    @field_validator("features", mode="before")
    @classmethod
    def _number_sentences(cls, features: Any) -> Any:
        """A list of sentences as features without a key of the group, by their places in the list."""
        if not isinstance(features, list):
            return features
        if any(each is True for each in features):
            raise ValueError("a sentence in both languages expected, or a table of features by key")
        return {str(n): each for n, each in enumerate(features, 1)}

    @field_validator("prices")
    @classmethod
    def _check_prices(cls, prices: dict[str, PricesEntry], info: ValidationInfo) -> dict[str, PricesEntry]:
        if not any(each.model_fields_set for each in prices.values()) and not info.data.get("withdrawn", True):
            raise ValueError("no price")
        return prices

    def cents(self) -> dict[tuple[BillingCycle, str], int]:
        """The prices in cents by cycle and currency."""
        return {
            (BillingCycle(cycle), currency): cents
            for currency, prices in self.prices.items()
            for cycle, cents in prices.model_dump(exclude_none=True).items()
        }


class MoveEntry(Table):
    """Permitted changes between plans of a group, and the ``delay`` announced when staff must carry them out."""

    sources: PlanCodes = Field(alias="from")
    targets: PlanCodes = Field(alias="to")
    needs_person: StrictBool = False
    delay: Translated | None = None


class GroupEntry(Table):
    """A group of plans, how an upgrade between them is charged, and which moves between them are permitted.

    ``on_end`` says what is deleted once a service has ended, and when; ``icon`` is shown beside its services.
    ``features`` names what the plans are compared by besides their limits, by key and in the order in which pages show
    it.
    """

    name: Translated
    icon: GroupIcon = "server"
    charge: ChargePolicy = ChargePolicy.PRORATED
    delay: Translated
    on_end: TranslatedLong | None = None
    features: dict[Code, Translated] = {}
    plans: Annotated[dict[Code, PlanEntry], Field(min_length=1)]
    moves: list[MoveEntry] = []

    def features_of(self, plan: PlanEntry) -> list[dict[str, Any]]:
        """A plan's features in the order of the group, each with its key, its name and its value; then its sentences.

        A sentence is its own key, so that two plans are compared by whether they have it.
        """
        values = plan.model_dump(include={"features"})["features"]
        names = self.model_dump(include={"features"})["features"]
        sentences = [value for key, value in values.items() if key not in names]
        return [
            *({"key": key, "name": names[key], "value": values[key]} for key in names if key in values),
            *({"key": text["fr"], "name": text, "value": None} for text in sentences),
        ]

    def moves_by_plan(self) -> dict[str, dict[str, MoveEntry]]:
        """For each plan, the permitted move to each other one; a later entry of the file overrides an earlier one."""
        permitted: dict[str, dict[str, MoveEntry]] = {code: {} for code in self.plans}
        for move in self.moves:
            for source in self._expand(move.sources):
                permitted[source] |= {target: move for target in self._expand(move.targets) if target != source}
        return permitted

    def _expand(self, codes: list[str]) -> list[str]:
        return list(self.plans) if codes == [ANY] else codes


class BannerEntry(Table):
    """A promotion, the days it is shown (inclusive), and the groups it is shown with: all if none is named."""

    title: Translated
    text: TranslatedLong
    link_label: Translated
    link: TranslatedLink
    valid_from: Day | None = None
    valid_until: Day | None = None
    groups: list[Text] = []

    @field_validator("valid_until")
    @classmethod
    def _check_order(cls, until: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("valid_from")
        if until and start and until < start:
            raise ValueError("before valid_from")
        return until


class InvoicesEntry(Table):
    """How invoices are numbered: a prefix, and the first number that is not used yet."""

    prefix: NumberPrefix = ""
    start: Annotated[StrictInt, Field(ge=1, le=999_999_999)] = 1
