"""Rules only add: whatever else is written into the configuration, nothing needs less than it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from osprey.approval.rules import BUILT_IN, Facts, ItemFacts, settle, unmet
from osprey.config import ApprovalConfig
from osprey.config.approval import ApprovalPolicyConfig, PersonConfig
from osprey.errors import RefusedError
from osprey.journal import Needs

ROLES = ("operator", "expert", "safety")
patterns = st.sampled_from(
    ["*", "SR:*", "SR:01:HCM1:SP", "BL:*", "channel_write", "memory_*", "os:alice", "alice", "x"]
)
few = st.integers(1, 4)
policies = st.builds(
    ApprovalPolicyConfig,
    kinds=st.lists(patterns, max_size=2).map(tuple),
    targets=st.lists(st.sampled_from(["ring", "*", "bench"]), max_size=2).map(tuple),
    channels=st.lists(patterns, max_size=2).map(tuple),
    change_above=st.none() | st.floats(0.01, 2),
    requesters=st.lists(patterns, max_size=2).map(tuple),
    deny=st.none() | st.none() | st.none() | st.just("no"),
    persons=st.none() | few,
    roles=st.dictionaries(st.sampled_from(ROLES), few, max_size=2),
    authenticated=st.booleans(),
    expires_after_s=st.none() | st.floats(1, 10_000),
    remember_uses=st.none() | st.integers(1, 9),
    remember_for_s=st.none() | st.floats(1, 999),
)
tables = st.dictionaries(st.sampled_from("abcdefgh"), policies, max_size=5)
items = st.builds(
    ItemFacts,
    channel=st.sampled_from(["SR:01:HCM1:SP", "SR:02:VCM1:SP", "BL:SHUTTER"]),
    share=st.none() | st.floats(0, 3),
)
facts = st.builds(
    Facts,
    kind=st.sampled_from(["channel_write", "memory_save", "deployment"]),
    target=st.sampled_from(["ring", "bench", ""]),
    items=st.lists(items, max_size=3).map(tuple),
    requester=st.sampled_from(["os:alice", "os:bob"]),
    person=st.sampled_from(["alice", "bob"]),
)
demands = st.lists(
    st.tuples(
        st.just("policy.facility"),
        st.builds(
            Needs, persons=st.integers(0, 3), roles=st.dictionaries(st.sampled_from(ROLES), st.just(1), max_size=2)
        ),
    ),
    max_size=2,
)


def config_of(table: Mapping[str, ApprovalPolicyConfig]) -> ApprovalConfig:
    return ApprovalConfig(policies=table)


def settled(table: Mapping[str, ApprovalPolicyConfig], about: Facts, asked: Any = ()) -> Any:
    """Give what the rules make of it; None where one denies it."""
    try:
        return settle(config_of(table), about, asked)
    except RefusedError as error:
        assert error.rule == "approval.denied"
        return None


def is_as_strict(more: Any, less: Any) -> bool:
    """Say whether the first asks for everything that the second asks for, and allows nothing beyond it."""
    return (
        more.needs.persons >= less.needs.persons
        and all(more.needs.roles.get(role, 0) >= count for role, count in less.needs.roles.items())
        and more.needs.is_authenticated >= less.needs.is_authenticated
        and more.expires_after_s <= less.expires_after_s
        and set(less.needs.rules) <= set(more.needs.rules)
    )


@given(table=tables, more=tables, about=facts, asked=demands)
def test_more_policies_never_lower_what_is_needed(table: Any, more: Any, about: Facts, asked: Any) -> None:
    before, after = settled(table, about, asked), settled({**more, **table}, about, asked)
    if before is None:
        assert after is None, "a denial stays one"
    elif after is not None:
        assert is_as_strict(after, before)


@given(table=tables, more=tables, about=facts)
def test_more_policies_never_let_more_be_remembered_than_a_matching_one_did(
    table: Any, more: Any, about: Facts
) -> None:
    before, after = settled(table, about), settled({**more, **table}, about)
    assume(before is not None and after is not None)
    if len(before.needs.rules) > 1:
        assert after.needs.remember_uses <= before.needs.remember_uses
        assert after.needs.remember_for_s <= before.needs.remember_for_s or not after.needs.remember_uses


@given(table=tables, about=facts, asked=demands, more=demands)
def test_what_a_plugin_asks_never_lowers_what_is_needed(table: Any, about: Facts, asked: Any, more: Any) -> None:
    before, after = settled(table, about, asked), settled(table, about, [*asked, *more])
    if before is not None:
        assert is_as_strict(after, before)
        assert after.needs.remember_uses <= before.needs.remember_uses


@given(table=tables, about=facts, asked=demands, data=st.data())
def test_the_order_of_rules_makes_no_difference(table: Any, about: Facts, asked: Any, data: Any) -> None:
    turned = dict(data.draw(st.permutations(list(table.items()))))
    before, after = settled(table, about, asked), settled(turned, about, list(reversed(asked)))
    if before is None or after is None:
        assert before is after
        return
    assert sorted(after.needs.rules) == sorted(before.needs.rules)
    assert evolve(after.needs, rules=()) == evolve(before.needs, rules=())
    assert after.expires_after_s == before.expires_after_s


@given(table=tables, about=facts, asked=demands)
def test_there_is_always_a_person_and_never_a_role_without_a_place(table: Any, about: Facts, asked: Any) -> None:
    found = settled(table, about, asked)
    if found is not None:
        assert found.needs.persons >= max(1, *found.needs.roles.values(), 0)
        assert found.needs.rules[0] == BUILT_IN
        assert found.needs.persons == 1 or not found.needs.remember_uses, "two people are never remembered"


@given(about=facts)
def test_without_rules_one_person_is_enough_and_nothing_is_remembered(about: Facts) -> None:
    found = settled({}, about)
    assert found.needs == Needs(rules=(BUILT_IN,))
    assert found.expires_after_s == 3600


WRITE = Facts(kind="channel_write", target="ring", items=(ItemFacts(channel="SR:A", share=0.4),), requester="os:alice")


@pytest.mark.parametrize(
    ("policy", "is_meant"),
    [
        (ApprovalPolicyConfig(), True),
        (ApprovalPolicyConfig(kinds=("channel_*",)), True),
        (ApprovalPolicyConfig(kinds=("memory_*",)), False),
        (ApprovalPolicyConfig(targets=("ring", "bench")), True),
        (ApprovalPolicyConfig(targets=("bench",)), False),
        (ApprovalPolicyConfig(channels=("SR:*",)), True),
        (ApprovalPolicyConfig(channels=("BL:*",)), False),
        (ApprovalPolicyConfig(channels=("sr:a",)), False),
        (ApprovalPolicyConfig(change_above=0.3), True),
        (ApprovalPolicyConfig(change_above=0.4), False),
        (ApprovalPolicyConfig(channels=("BL:*",), change_above=0.3), False),
        (ApprovalPolicyConfig(requesters=("os:alice",)), True),
        (ApprovalPolicyConfig(requesters=("os:bob",)), False),
    ],
)
def test_a_policy_is_about_what_all_its_conditions_name(policy: ApprovalPolicyConfig, is_meant: bool) -> None:
    found = settled({"one": evolve(policy, persons=2)}, WRITE)
    assert (found.needs.persons == 2) is is_meant


def test_a_change_that_has_nothing_to_be_compared_with_counts_as_large() -> None:
    about = evolve(WRITE, items=(ItemFacts(channel="SR:A", share=None),))
    assert settled({"large": ApprovalPolicyConfig(change_above=0.9, persons=2)}, about).needs.persons == 2


def test_one_item_is_enough_and_conditions_hold_of_one_and_the_same() -> None:
    two = (ItemFacts(channel="SR:A", share=0.01), ItemFacts(channel="BL:B", share=0.9))
    policy = {"one": ApprovalPolicyConfig(channels=("SR:*",), change_above=0.5, persons=2)}
    assert settled(policy, evolve(WRITE, items=two)).needs.persons == 1
    both = (*two, ItemFacts(channel="SR:C", share=0.9))
    assert settled(policy, evolve(WRITE, items=both)).needs.persons == 2


def test_a_decision_is_remembered_within_the_least_that_every_rule_which_matches_allows() -> None:
    often = ApprovalPolicyConfig(remember_uses=9, remember_for_s=60)
    long = ApprovalPolicyConfig(remember_uses=2, remember_for_s=999)
    assert settled({}, WRITE).needs.remember_uses == 0
    found = settled({"often": often, "long": long}, WRITE).needs
    assert (found.remember_uses, found.remember_for_s) == (2, 60)
    assert settled({"often": often, "silent": ApprovalPolicyConfig()}, WRITE).needs.remember_uses == 0
    assert settled({"often": often, "two": ApprovalPolicyConfig(persons=2)}, WRITE).needs.remember_uses == 0
    assert settled({"often": often}, WRITE, [("policy.beam", Needs())]).needs.remember_uses == 0, "nor a plugin's"


def test_a_denial_says_which_policy_and_why() -> None:
    with pytest.raises(RefusedError, match=r"approval\.policies\.quiet denies this: no writes during user beam"):
        settle(config_of({"quiet": ApprovalPolicyConfig(deny="no writes during user beam")}), WRITE)


SECRET = "scrypt:16:8:1:" + "0" * 32 + ":" + "0" * 64


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        (Needs(), ""),
        (Needs(persons=2), ""),
        (Needs(persons=3), "3 people with a secret have to approve, and approval.people names 2 who may"),
        (Needs(roles={"expert": 1}), ""),
        (Needs(roles={"expert": 2}, persons=2), "the role expert is needed"),
        (Needs(is_authenticated=True), ""),
    ],
)
def test_what_nobody_could_meet_is_said(needs: Needs, told: str) -> None:
    config = ApprovalConfig(
        people={
            "alice": PersonConfig(secret_hash=SECRET),
            "bob": PersonConfig(secret_hash=SECRET, roles=("expert",)),
            "carol": PersonConfig(secret_hash=SECRET),
            "dave": PersonConfig(roles=("operator",)),
        }
    )
    found = unmet(config, needs, ("alice",))
    assert told in found if told else not found
