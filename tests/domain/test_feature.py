"""Features of two plans are compared by key: one row for each, whatever changes."""

from __future__ import annotations

from kajoom.domain.feature import Feature, feature_changes


def feature(key: str, value: str | None = None) -> Feature:
    return Feature(key, {"fr": key, "en": key}, {"fr": value, "en": value} if value else None)


def test_two_values_of_one_feature_are_one_change() -> None:
    (change,) = feature_changes([feature("backup", "weekly")], [feature("backup", "daily")])
    assert (change.before, change.after) == (feature("backup", "weekly"), feature("backup", "daily"))
    assert change.differs


def test_feature_with_the_same_value_does_not_differ() -> None:
    same = [feature("backup", "daily"), feature("dedicated")]
    assert not any(change.differs for change in feature_changes(same, same))


def test_feature_of_one_plan_only_has_no_other_value_and_those_that_go_come_last() -> None:
    changes = feature_changes([feature("gone"), feature("kept")], [feature("kept"), feature("new")])
    assert [(change.name["en"], change.before is None, change.after is None) for change in changes] == [
        ("kept", False, False),
        ("new", True, False),
        ("gone", False, True),
    ]
    assert [change.differs for change in changes] == [False, True, True]
