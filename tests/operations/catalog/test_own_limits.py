"""Limits that a host names itself in its catalogue: memory, processors, accounts."""

import pytest

from kajoom.domain.usage import OwnLimit, fit, limit_changes
from kajoom.i18n.formats import formats_for
from kajoom.models.catalog import catalog
from tests.operations.catalog.catalog_text import DEMO, load

LIMITS = """
[limits.memory_mb]
name = { fr = "Mémoire", en = "Memory" }
unit = "megabytes"

[limits.sites]
name = { fr = "Sites", en = "Sites" }

[limits.vcpus]
name = { fr = "Processeurs virtuels", en = "Virtual CPUs" }
check = false
"""


OTHERS = 'memory_mb = 1024, sites = 1, vcpus = "unlimited"'


@pytest.fixture(autouse=True)
def _empty_database(empty_database: None) -> None:
    """The file is what fills the database."""


def with_limits(limits: str = LIMITS, of_a: str = "memory_mb = 2048, sites = 3, vcpus = 2") -> str:
    """The demonstration's catalogue, its plans with limits of the host's own."""
    before, plan, after = DEMO.replace("limits = { ", f"limits = {{ {OTHERS}, ").partition("[groups.hosting.plans.a]")
    return f"{before}{plan}{after.replace(OTHERS, of_a, 1)}\n{limits}"


def test_limits_of_the_catalogue_have_its_names_and_units() -> None:
    report = load(with_limits())
    assert report.errors == []
    assert {"limits.memory_mb", "limits.sites", "limits.vcpus"} <= {*report.added}
    assert load(with_limits()).has_changes is False

    plan = catalog().groups["hosting"].plan("a")
    assert plan is not None
    changes = {str(change.resource): change for change in limit_changes(None, {}, plan.limits)}
    assert [name for name in changes if name not in {"disk_mb", "mailboxes", "databases"}] == [
        "memory_mb", "sites", "vcpus",
    ]  # fmt: skip
    memory = changes["memory_mb"]
    shown = [
        (each.label(memory.resource), each.quantity(2048, memory.resource)) for each in map(formats_for, ("fr", "en"))
    ]
    assert shown == [("Mémoire", "2\N{NO-BREAK SPACE}Go"), ("Memory", "2\N{NO-BREAK SPACE}GB")]
    assert load(DEMO).withdrawn == ["limits.memory_mb", "limits.sites", "limits.vcpus"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (with_limits(limits=""), "groups.hosting.plans.a.limits.memory_mb: unknown limit"),
        (with_limits(limits=LIMITS + LIMITS.replace("memory_mb", "disk_mb").partition("[limits.sites]")[0]),
         "limits.disk_mb: the name of a built-in limit"),
        (with_limits(limits=LIMITS.replace("megabytes", "bytes")), "limits.memory_mb.unit: 'count', 'megabytes'"),
        (with_limits(of_a="sites = 3, vcpus = 2"),
         "groups.hosting.plans.a.limits: memory_mb is missing: other plans of the group have it"),
        (with_limits(of_a='memory_mb = "2 Go"'), "groups.hosting.plans.a.limits.memory_mb: a whole number expected"),
    ],
)  # fmt: skip
def test_mistake_in_a_limit_is_named(text: str, error: str) -> None:
    assert any(error in str(each) for each in load(text).errors), load(text).errors


def test_lower_limit_of_the_hosts_own_needs_a_person_unless_its_use_does_not_matter() -> None:
    sites, cpus = OwnLimit("sites", {}), OwnLimit("vcpus", {}, "count", checked=False)
    assert fit({}, {sites: 3}, {sites: 3}).known
    assert fit({}, {sites: None}, {sites: 3}).known
    assert not fit({}, {sites: 2}, {sites: 3}).known
    assert not fit({}, {sites: 2}, {sites: None}).known
    assert fit({}, {cpus: 1}, {cpus: 4}).known


def test_gigabytes_are_a_size() -> None:
    transfer = OwnLimit("transfer", {}, "gigabytes")
    assert formats_for("en").quantity(500, transfer) == "500\N{NO-BREAK SPACE}GB"
