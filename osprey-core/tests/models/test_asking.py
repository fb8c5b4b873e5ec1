"""Asking a model: retries, deadlines, fallbacks, and what is said when nobody answers."""

from __future__ import annotations

import traceback
from typing import Any

import anyio
import pytest
from attrs import evolve

from osprey.api import ChatReply, Finish, ToolCall, ToolSpec, Usage
from osprey.config import ModelRole
from osprey.errors import ConfigError, ModelError, ModelErrorKind, PluginError
from osprey.models.chat.account import Account, Outcome
from osprey.models.chat.asking import models_of
from osprey.models.chat.driving import MOST_CHARACTERS
from osprey.models.chat.patience import PASSING

pytestmark = pytest.mark.anyio

ROLE = ModelRole.ORCHESTRATOR
ONE = "models: {default: {provider: scripted, model_id: one}}"
CHAIN = """\
models:
  orchestrator:
    provider: scripted
    model_id: one
    max_retries: 1
    fallbacks: [{provider: scripted, model_id: two}, {provider: scripted, model_id: three, max_retries: 0}]
"""
CANARY = "sk-canary-90125"
KEYED = """\
models: {default: {provider: lab, model_id: one, max_retries: 0}}
api: {providers: {lab: {dialect: keyed, api_key: "${LAB_KEY}", headers: {X-Group: "Bearer ${LAB_GROUP}"}}}}
"""
ENVIRON = {"LAB_KEY": CANARY, "LAB_GROUP": "group-canary-77"}


def failure(kind: ModelErrorKind, text: str = "no", **more: Any) -> ModelError:
    return ModelError(text, kind=kind, **more)


async def test_an_answer_comes_back_and_stands_in_the_account(bench: Any) -> None:
    bench.script("one", ChatReply(text="5 mA", usage=Usage(input_tokens=7, output_tokens=3)))
    account = Account()
    reply = await bench.role(ONE).ask(bench.question(), account=account)
    assert reply.text == "5 mA"
    [attempt] = account.attempts
    assert (attempt.role, attempt.provider, attempt.model) == (ROLE, "scripted", "one")
    assert (attempt.outcome, attempt.usage.input_tokens, attempt.cost) == (Outcome.OK, 7, None)
    assert (account.tokens, account.cost, account.is_priced) == (10, 0, False)


async def test_a_role_is_served_by_its_entry_or_the_default_or_not_at_all(bench: Any) -> None:
    models = bench.models("models: {response: {provider: scripted, model_id: one}}")
    assert models.serves(ModelRole.RESPONSE)
    assert not models.serves(ModelRole.MEMORY)
    with pytest.raises(ConfigError, match=r"no model is configured for memory: set models\.memory or models\.default"):
        models.of(ModelRole.MEMORY)


@pytest.mark.parametrize("kind", sorted(PASSING))
async def test_a_failure_that_may_pass_is_asked_again(bench: Any, kind: ModelErrorKind) -> None:
    bench.script("one", failure(kind), failure(kind), "at last")
    account = Account()
    assert (await bench.role(ONE).ask(bench.question(), account=account)).text == "at last"
    assert [attempt.outcome for attempt in account.attempts] == [kind, kind, Outcome.OK]
    assert bench.pauses == [0.5, 1.0]


@pytest.mark.parametrize("kind", sorted(set(ModelErrorKind) - PASSING))
async def test_a_failure_that_stays_is_not_asked_again(bench: Any, kind: ModelErrorKind) -> None:
    bench.script("one", failure(kind, "not you"), "never asked")
    with pytest.raises(ModelError, match="scripted/one was asked: not you") as caught:
        await bench.role(ONE).ask(bench.question())
    assert caught.value.kind is kind
    assert bench.asked() == ["one"]


async def test_after_two_retries_it_is_over(bench: Any) -> None:
    bench.script("one", *[failure(ModelErrorKind.OVERLOADED, "busy")] * 3, "never asked")
    with pytest.raises(ModelError, match="was asked 3 times: busy") as caught:
        await bench.role(ONE).ask(bench.question())
    assert caught.value.kind is ModelErrorKind.OVERLOADED
    assert len(bench.asked()) == 3


async def test_an_endpoint_is_left_alone_for_as_long_as_it_asks(bench: Any) -> None:
    bench.script("one", failure(ModelErrorKind.RATE_LIMITED, retry_after_s=12.5), "now")
    await bench.role(ONE, draw=0.0).ask(bench.question())
    assert bench.pauses == [12.5]


@pytest.mark.parametrize("asked", [-3.0, float("nan"), float("inf"), 0.0])
async def test_a_pause_that_cannot_be_is_not_obeyed(bench: Any, asked: float) -> None:
    bench.script("one", failure(ModelErrorKind.RATE_LIMITED, retry_after_s=asked), "now")
    await bench.role(ONE, draw=0.5).ask(bench.question())
    assert bench.pauses == [0.25]


async def test_an_endpoint_that_wants_an_hour_is_given_up_for_the_next(bench: Any) -> None:
    bench.script("one", failure(ModelErrorKind.RATE_LIMITED, retry_after_s=3600.0))
    bench.script("two", "here")
    assert (await bench.role(CHAIN).ask(bench.question())).text == "here"
    assert bench.pauses == []


async def test_pauses_double_up_to_a_bound(bench: Any) -> None:
    text = "models: {default: {provider: scripted, model_id: one, max_retries: 9}}"
    bench.script("one", *[failure(ModelErrorKind.SERVER)] * 9, "now")
    await bench.role(text).ask(bench.question())
    assert bench.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


async def test_fallbacks_are_asked_in_order_each_told_in_the_account(bench: Any) -> None:
    bench.script("one", failure(ModelErrorKind.UNREACHABLE, "cut"), failure(ModelErrorKind.TIMEOUT, "late"))
    bench.script("two", failure(ModelErrorKind.DENIED, "wrong key"))
    bench.script("three", "I am here")
    account = Account()
    assert (await bench.role(CHAIN).ask(bench.question(), account=account)).text == "I am here"
    told = [(attempt.model, str(attempt.outcome), attempt.message) for attempt in account.attempts]
    assert told == [
        ("one", "unreachable", "cut"),
        ("one", "timeout", "late"),
        ("two", "denied", "wrong key"),
        ("three", "ok", ""),
    ]


async def test_what_failed_is_in_the_last_message_all_of_it(bench: Any) -> None:
    bench.script("one", failure(ModelErrorKind.UNREACHABLE, "cut"), failure(ModelErrorKind.TIMEOUT, "late"))
    bench.script("two", failure(ModelErrorKind.DENIED, "wrong key"))
    bench.script("three", failure(ModelErrorKind.SERVER, "burnt"))
    with pytest.raises(ModelError) as caught:
        await bench.role(CHAIN).ask(bench.question())
    for said in ("one was asked 2 times: cut", "late", "two was asked: wrong key", "three was asked: burnt"):
        assert said in str(caught.value)
    assert "models.orchestrator" in str(caught.value)
    assert caught.value.kind is ModelErrorKind.SERVER


async def test_a_driver_that_hangs_is_cancelled_at_its_deadline(bench: Any) -> None:
    hung = bench.plugin.Hung()
    bench.script("one", hung)
    text = "models: {default: {provider: scripted, model_id: one, timeout_s: 0.05, max_retries: 0}}"
    with pytest.raises(ModelError, match=r"no answer within 0\.05 s") as caught:
        await bench.role(text).ask(bench.question())
    assert caught.value.kind is ModelErrorKind.TIMEOUT
    assert hung.was_cancelled


async def test_whoever_asks_can_stop_waiting(bench: Any) -> None:
    hung = bench.plugin.Hung()
    bench.script("one", hung)
    account = Account()
    with anyio.move_on_after(0.05) as scope:
        await bench.role(ONE).ask(bench.question(), account=account)
    assert scope.cancelled_caught
    assert hung.was_cancelled
    assert [attempt.outcome for attempt in account.attempts] == [Outcome.CANCELLED]


async def test_a_driver_that_fails_in_its_own_way_is_named(bench: Any) -> None:
    bench.script("one", KeyError("choices"), "second")
    account = Account()
    assert (await bench.role(ONE).ask(bench.question(), account=account)).text == "second"
    failed = account.attempts[0]
    assert failed.outcome is ModelErrorKind.SERVER
    assert failed.message == "scripted/one: driver 'scripted' failed with KeyError: 'choices'"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ChatReply(text="x" * (MOST_CHARACTERS + 1)), "more than 1000000 characters"),
        (
            ChatReply(tool_calls=(ToolCall(id="1", name="t", arguments=None, text="x" * (MOST_CHARACTERS + 1)),)),
            "more than 1000000 characters",
        ),
        (ChatReply(usage=Usage(input_tokens=-5)), "counts tokens that cannot be"),
        (ChatReply(usage=Usage(output_tokens=10**400)), "counts tokens that cannot be"),
        (ChatReply(usage=Usage(output_tokens=True)), "counts tokens that cannot be"),
    ],
)
async def test_an_answer_that_cannot_be_worked_with_is_malformed(bench: Any, found: ChatReply, said: str) -> None:
    bench.script("one", found)
    with pytest.raises(ModelError, match=said) as caught:
        await bench.role(ONE).ask(bench.question())
    assert caught.value.kind is ModelErrorKind.MALFORMED
    assert bench.asked() == ["one"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"text": "a dict"}, "driver 'scripted' gave a dict"),
        (ChatReply(text=None), "driver 'scripted' failed with TypeError"),  # type: ignore[arg-type]
        (ChatReply(usage=None), "driver 'scripted' failed with AttributeError"),  # type: ignore[arg-type]
    ],
)
async def test_a_driver_that_gives_no_reply_is_named(bench: Any, found: Any, said: str) -> None:
    bench.script("one", *[found] * 3)
    with pytest.raises(ModelError, match=said):
        await bench.role(ONE).ask(bench.question())


async def test_what_a_model_says_is_capped_in_an_error(bench: Any) -> None:
    bench.script("one", failure(ModelErrorKind.INVALID, "no\x1b[2J" + "a" * 100_000))
    with pytest.raises(ModelError) as caught:
        await bench.role(ONE).ask(bench.question())
    assert len(str(caught.value)) < 1_000
    assert "\x1b" not in str(caught.value)


async def test_the_budget_of_tokens_ends_a_turn_before_the_next_call(bench: Any) -> None:
    bench.script("one", ChatReply(text="a", usage=Usage(input_tokens=90, output_tokens=20)), "never asked")
    models = bench.models(ONE + "\nexecution_control: {limits: {max_turn_tokens: 100}}")
    account = models.new_account()
    await models.of(ROLE).ask(bench.question(), account=account)
    with pytest.raises(ModelError, match="has used 110 tokens, and max_turn_tokens is 100") as caught:
        await models.of(ROLE).ask(bench.question(), account=account)
    assert caught.value.kind is ModelErrorKind.EXHAUSTED
    assert bench.asked() == ["one"]


async def test_the_budget_of_cost_ends_a_turn_and_another_turn_has_its_own(bench: Any) -> None:
    text = (
        "models: {default: {provider: scripted, model_id: one}}\n"
        "api: {providers: {scripted: {prices: {one: {input_per_million: 1000, output_per_million: 3000}}}}}\n"
        "execution_control: {limits: {max_turn_cost: 0.01}}\n"
    )
    bench.script("one", *[ChatReply(text="a", usage=Usage(input_tokens=4, output_tokens=2))] * 3)
    models = bench.models(text)
    account = models.new_account()
    await models.of(ROLE).ask(bench.question(), account=account)
    assert account.attempts[0].cost == pytest.approx(0.01)
    assert account.is_priced
    with pytest.raises(ModelError, match=r"costs 0\.01, and max_turn_cost is 0\.01"):
        await models.of(ROLE).ask(bench.question(), account=account)
    await models.of(ROLE).ask(bench.question())


async def test_a_budget_that_ends_a_chain_says_what_failed_before(bench: Any) -> None:
    account = Account(max_tokens=1)

    async def spend(*_: Any) -> Any:
        other = bench.opened[-1].part("models", lambda _: None).of(ModelRole.RESPONSE)
        await other.ask(bench.question(), account=account)
        return failure(ModelErrorKind.SERVER, "burnt")

    bench.script("one", spend)
    bench.script("side", ChatReply(usage=Usage(output_tokens=5)))
    text = CHAIN + "  response: {provider: scripted, model_id: side}\n"
    with pytest.raises(ModelError, match=r"5 tokens.*before that: scripted/one was asked: burnt"):
        await bench.role(text).ask(bench.question(), account=account)


async def test_a_key_that_is_not_set_is_as_good_as_a_model_that_is_down(bench: Any) -> None:
    account = Account()
    with pytest.raises(
        ModelError, match=r"default cannot be asked: .*api\.providers\.lab\.api_key: LAB_KEY is not"
    ) as no:
        await bench.role(KEYED).ask(bench.question(), account=account)
    assert no.value.kind is ModelErrorKind.DENIED
    assert (account.attempts, bench.asked(), bench.pauses) == ((), [], [])


@pytest.mark.parametrize("environ", [{}, {"LAB_KEY": CANARY}, {"LAB_GROUP": "group-canary-77"}])
async def test_without_a_key_or_a_header_the_next_of_the_chain_is_asked(bench: Any, environ: dict[str, str]) -> None:
    text = KEYED.replace("max_retries: 0", "max_retries: 0, fallbacks: [{provider: scripted, model_id: two}]")
    bench.script("two", "here")
    assert (await bench.role(text, environ).ask(bench.question())).text == "here"
    assert bench.asked() == ["two"]


async def test_a_stream_without_a_key_is_that_of_the_next_of_the_chain(bench: Any) -> None:
    text = KEYED.replace("max_retries: 0", "max_retries: 0, fallbacks: [{provider: scripted, model_id: two}]")
    bench.script("two", ["he", "re", ChatReply(text="here")])
    pieces = [piece async for piece in bench.role(text).stream(bench.question())]
    assert pieces[-1] == ChatReply(text="here")


async def test_a_provider_that_needs_a_key_says_which_variable_usually_has_it(bench: Any) -> None:
    role = bench.role("models: {default: {provider: keyed, model_id: one}}")
    with pytest.raises(ModelError, match=r"set api\.providers\.keyed\.api_key to \$\{KEYED_KEY\}") as no:
        await role.ask(bench.question())
    assert no.value.kind is ModelErrorKind.DENIED


async def test_what_an_endpoint_can_do_is_known_without_its_key(bench: Any) -> None:
    assert not bench.role(KEYED).has_tools


async def test_an_endpoint_of_ones_own_needs_an_address(bench: Any) -> None:
    role = bench.role("models: {default: {provider: own, model_id: m}}\napi: {providers: {own: {dialect: scripted}}}")
    with pytest.raises(ConfigError, match=r"set api\.providers\.own\.base_url"):
        await role.ask(bench.question())


async def test_a_driver_that_is_missing_is_an_error_with_a_remedy(bench: Any) -> None:
    with pytest.raises(PluginError, match="scripted_models_gone"):
        await bench.role("models: {default: {provider: lost, model_id: m}}").ask(bench.question())
    with pytest.raises(PluginError, match="pip install osprey-absent"):
        await bench.role("models: {default: {provider: absent, model_id: m}}").ask(bench.question())


async def test_a_fallback_that_cannot_be_asked_is_one_failure_among_the_others(bench: Any) -> None:
    bench.script("one", failure(ModelErrorKind.DENIED, "wrong key"))
    text = (
        "models: {default: {provider: scripted, model_id: one, "
        "fallbacks: [{provider: absent, model_id: m}, {provider: scripted, model_id: two}]}}"
    )
    bench.script("two", "here")
    role = bench.role(text)
    assert (await role.ask(bench.question())).text == "here"
    bench.script("one", failure(ModelErrorKind.DENIED, "wrong key"))
    bench.script("two", failure(ModelErrorKind.DENIED, "wrong as well"))
    with pytest.raises(ModelError, match=r"fallbacks\.0 cannot be asked: .*osprey-absent.*wrong as well"):
        await role.ask(bench.question())


async def test_the_address_is_what_configuration_and_plugin_say_together(bench: Any) -> None:
    bench.script("one", "yes")
    text = KEYED.replace("dialect: keyed,", "dialect: keyed, abilities: {tools: true},")
    await bench.role(text.replace("max_retries: 0", "max_tokens: 50, temperature: 0, timeout_s: 9"), ENVIRON).ask(
        bench.question()
    )
    [address] = bench.plugin.ADDRESSES
    assert (address.provider, address.model_id, address.base_url) == ("lab", "one", "https://models.example.org/v1")
    assert (address.api_key, dict(address.headers)) == (CANARY, {"X-Group": "Bearer group-canary-77"})
    assert (address.max_tokens, address.temperature, address.timeout_s) == (50, 0.0, 9.0)
    assert (address.abilities.json_schema, address.abilities.tools) == (False, True)
    assert CANARY not in repr(address)


async def test_the_address_of_an_endpoint_and_what_it_can_do_are_the_configurations(bench: Any) -> None:
    bench.script("one", "yes")
    text = (
        "models: {default: {provider: lab, model_id: one}}\n"
        "api: {providers: {lab: {dialect: keyed, base_url: 'http://127.0.0.1:1/v1', abilities: {json_schema: true}}}}\n"
    )
    await bench.role(text).ask(bench.question())
    [address] = bench.plugin.ADDRESSES
    assert (address.base_url, address.api_key) == ("http://127.0.0.1:1/v1", "")
    assert (address.abilities.json_schema, address.abilities.tools) == (True, False)


@pytest.mark.parametrize("secret", [CANARY, "group-canary-77"])
async def test_no_error_tells_a_secret_whatever_a_driver_puts_into_its_own(bench: Any, secret: str) -> None:
    cause = ValueError(f"header was {secret}")
    error = failure(ModelErrorKind.DENIED, f"key {secret} is wrong")
    error.__cause__ = cause
    bench.script("one", error)
    bench.script("unbuildable")
    role = bench.role(KEYED, ENVIRON)
    account = Account()
    with pytest.raises(ModelError) as caught:
        await role.ask(bench.question(), account=account)
    bench.script("one", ConnectionError(f"POST with {secret}"))
    with pytest.raises(ModelError) as other:
        await role.ask(bench.question(), account=account)
    told = "".join([*traceback.format_exception(caught.value), *traceback.format_exception(other.value)])
    assert "********" in told
    for text in (told, repr(account.attempts), repr(role), repr(bench.plugin.ADDRESSES)):
        assert secret not in text


async def test_a_driver_that_cannot_be_built_is_named_without_its_key(bench: Any) -> None:
    text = KEYED.replace("model_id: one", "model_id: unbuildable")
    with pytest.raises(PluginError, match="driver 'keyed' cannot be built for lab/unbuildable") as caught:
        await bench.role(text, ENVIRON).ask(bench.question())
    assert CANARY not in "".join(traceback.format_exception(caught.value))


async def test_a_question_with_tools_goes_to_a_model_that_has_them(bench: Any) -> None:
    text = (
        "models: {default: {provider: keyed, model_id: one, fallbacks: [{provider: scripted, model_id: two}]}}\n"
        "api: {providers: {keyed: {api_key: k}}}\n"
    )
    bench.script("two", ChatReply(finish=Finish.TOOL_CALLS))
    tool = ToolSpec(name="read", description="", parameters={"type": "object"})
    reply = await bench.role(text).ask(evolve(bench.question(), tools=(tool,)))
    assert reply.finish is Finish.TOOL_CALLS
    assert bench.asked() == ["two"]


async def test_many_who_ask_first_share_one_driver(bench: Any) -> None:
    bench.script("one", *["yes"] * 20)
    role = bench.role(ONE)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(role.ask, bench.question())
    assert len(bench.plugin.ADDRESSES) == 1


async def test_drivers_are_closed_with_the_project(bench: Any) -> None:
    bench.script("one", "yes")
    project = bench.project(ONE)
    await models_of(project).of(ROLE).ask(bench.question())
    assert models_of(project) is models_of(project)
    await project.aclose()
    assert bench.plugin.CLOSED == ["one"]
