"""A server gets the names that were declared, and never one that makes it load other code."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from attest.agent.launching.environment import BYTE_CODE_NAME, SAFE_PATH_NAME, clean_environment
from attest.statement.profile import EXPECTED_NAMES, FORBIDDEN_NAMES, EnvironmentRules, EnvironmentValue, covers

names = st.one_of(st.sampled_from(sorted(FORBIDDEN_NAMES)), st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True))
environments = st.dictionaries(names, st.text(max_size=5), max_size=12)
RULES = EnvironmentRules(allowed=("API_*", "MODE"), fixed=(EnvironmentValue(name="PYTHONPATH", value="/opt/server"),))

OPEN = EnvironmentValue(name="PYTHONSAFEPATH", value="")


def test_without_rules_every_name_is_kept_but_those_that_load_code() -> None:
    given = {"TOKEN": "secret", "LD_PRELOAD": "/x.so", "LD_BIND_NOW": "1", "PYTHONPATH": "/x", "OPENSSL_CONF": "/x"}
    clean = clean_environment(given, None, byte_code="/private", login={})
    assert clean.variables == {"TOKEN": "secret", BYTE_CODE_NAME: "/private"}
    assert clean.withheld == ("LD_BIND_NOW", "LD_PRELOAD", "OPENSSL_CONF", "PYTHONPATH")


def test_what_loads_code_into_other_runtimes_is_kept_only_where_it_is_sealed() -> None:
    given = {"JAVA_TOOL_OPTIONS": "-javaagent:/x.jar", "CORECLR_PROFILER_PATH": "/x.so", "PERL5LIB": "/x", "LUA": "5"}
    clean = clean_environment(given, None, byte_code=None, login={})
    assert (clean.variables, len(clean.withheld)) == ({"LUA": "5"}, 3)
    rules = EnvironmentRules(allowed=("JAVA_TOOL_OPTIONS",))
    assert clean_environment(given, rules, byte_code=None, login={}).variables == {
        "JAVA_TOOL_OPTIONS": "-javaagent:/x.jar"
    }


def test_with_rules_only_what_they_name_and_every_program_expects_is_kept() -> None:
    given = {"API_KEY": "secret", "MODE": "fast", "OTHER": "x", "HOME": "/srv/u", "LC_ALL": "C", "PYTHONPATH": "/evil"}
    clean = clean_environment(given, RULES, byte_code=None, login={})
    assert clean.variables == {
        "API_KEY": "secret", "MODE": "fast", "HOME": "/srv/u", "LC_ALL": "C", "PYTHONPATH": "/opt/server"
    }  # fmt: skip
    assert clean.withheld == ("OTHER",)


def test_a_callers_directory_of_byte_code_is_never_the_servers() -> None:
    assert clean_environment({BYTE_CODE_NAME: "/poisoned"}, None, byte_code=None, login={}).variables == {}
    assert clean_environment({BYTE_CODE_NAME: "/poisoned"}, None, byte_code="/own", login={}).variables == {
        BYTE_CODE_NAME: "/own"
    }


def test_a_sealed_value_says_whether_modules_lie_where_the_server_is_started() -> None:
    for rules, value in ((None, "1"), (EnvironmentRules(), "1"), (EnvironmentRules(fixed=(OPEN,)), "")):
        clean = clean_environment({SAFE_PATH_NAME: "2"}, rules, byte_code=None, login={}, safe_path=True)
        assert clean.variables == {SAFE_PATH_NAME: value}


def test_a_server_of_another_user_is_at_home_elsewhere() -> None:
    given = {"HOME": "/root", "USER": "root", "XDG_RUNTIME_DIR": "/run/user/0", "TOKEN": "secret"}
    login = {"HOME": "/srv/server", "USER": "server"}
    clean = clean_environment(given, None, byte_code=None, login=login)
    assert clean.variables == {"HOME": "/srv/server", "USER": "server", "TOKEN": "secret"}
    assert clean.withheld == ("XDG_RUNTIME_DIR",)


def test_no_expected_name_could_load_code() -> None:
    for forbidden in FORBIDDEN_NAMES:
        assert not any(covers(name, forbidden) for name in EXPECTED_NAMES)


@given(environments, st.sampled_from([None, RULES, EnvironmentRules()]))
def test_every_name_is_kept_as_it_was_or_told_as_withheld(
    given: dict[str, str], rules: EnvironmentRules | None
) -> None:
    clean = clean_environment(given, rules, byte_code="/own", login={})
    sealed = {each.name for each in rules.fixed} if rules else set()
    for name, value in given.items():
        if name in clean.withheld:
            assert name not in clean.variables
        elif name not in {*sealed, BYTE_CODE_NAME}:
            assert clean.variables[name] == value
    assert not FORBIDDEN_NAMES & (clean.variables.keys() - sealed - {BYTE_CODE_NAME})
    assert set(clean.variables) <= {*given, *sealed, BYTE_CODE_NAME}
