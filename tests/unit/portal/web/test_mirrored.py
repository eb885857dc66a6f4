"""Mirrored fields: each attack stands beside the request that passes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.portal.web.mirrored import mismatch

META = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "deep": {"type": "object", "properties": {"count": {"type": "integer", "x-mcp-header": "Count"}}},
        "sure": {"type": "boolean", "x-mcp-header": "Sure"},
        "list": {"type": "array", "items": {"properties": {"no": {"x-mcp-header": "No"}}}},
    },
}


def call(name="read", **arguments):
    return {"method": "tools/call", "params": {"name": name, "arguments": arguments, **META}}


def fields(**changes):
    given: dict[str, list[str] | None] = {
        "mcp-protocol-version": ["2026-07-28"],
        "mcp-method": ["tools/call"],
        "mcp-name": ["read"],
    }
    for name, values in changes.items():
        given[name.replace("_", "-")] = values
    return {name: values for name, values in given.items() if values is not None}


def test_fields_that_repeat_the_body_pass():
    assert mismatch(fields(), call(), None) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"mcp_name": ["write"]},
        {"mcp_name": ["Read"]},
        {"mcp_name": ["read", "read"]},
        {"mcp_name": ["read", "write"]},
        {"mcp_name": None},
        {"mcp_name": ["=?base64?d3JpdGU=?="]},
        {"mcp_name": ["=?base64?cmVhZA?="]},
        {"mcp_name": ["re\x00ad"]},
        {"mcp_method": ["tools/list"]},
        {"mcp_method": None},
        {"mcp_protocol_version": ["2025-11-25"]},
        {"mcp_protocol_version": None},
    ],
)
def test_a_field_that_says_something_else_is_a_mismatch(changes):
    assert mismatch(fields(**changes), call(), None) is not None


@given(st.text(min_size=1, max_size=30))
def test_any_name_passes_in_its_wrapped_form_and_no_other_does(name):
    wrapped = f"=?base64?{base64.b64encode(name.encode()).decode()}?="
    assert mismatch(fields(mcp_name=[wrapped]), call(name), None) is None
    assert mismatch(fields(mcp_name=[wrapped]), call(f"{name}x"), None) is not None


def test_a_resource_is_named_by_its_uri_and_other_methods_by_nothing():
    read = {"method": "resources/read", "params": {"uri": "file:///a", **META}}
    given = fields(mcp_method=["resources/read"], mcp_name=["file:///a"])
    assert mismatch(given, read, None) is None
    assert mismatch(fields(mcp_method=["resources/read"], mcp_name=["file:///b"]), read, None) is not None
    listing = {"method": "tools/list", "params": META}
    assert mismatch(fields(mcp_method=["tools/list"], mcp_name=None), listing, None) is None


def test_arguments_that_a_tool_wants_repeated_have_to_be():
    message = call(region="eu", deep={"count": 42}, sure=True)
    good = {"mcp_param_region": ["eu"], "mcp_param_count": ["42.0"], "mcp_param_sure": ["true"]}
    assert mismatch(fields(**good), message, SCHEMA) is None
    for name, value in (("region", "us"), ("region", None), ("count", "43"), ("count", "x"), ("sure", "True")):
        changed = good | {f"mcp_param_{name}": None if value is None else [value]}
        assert mismatch(fields(**changed), message, SCHEMA) is not None, name


@pytest.mark.parametrize(
    ("value", "passes", "fails"),
    [
        (10, ["10", "10.0", "1e1"], ["1_0", " 10", "+10", "١٠", "0x0a", "1e1_0", "010"]),
        (2**53 + 1, [str(2**53 + 1)], [str(2**53), "inf"]),
        (0.1, ["0.1", "1e-1"], ["0.2", ".1", "nan"]),
    ],
)
def test_a_number_is_repeated_as_json_writes_it_and_exactly(value, passes, fails):
    message = call(deep={"count": value})
    assert [each for each in passes if mismatch(fields(mcp_param_count=[each]), message, SCHEMA)] == []
    assert [each for each in fails if not mismatch(fields(mcp_param_count=[each]), message, SCHEMA)] == []


def test_a_field_without_its_argument_is_a_mismatch():
    assert mismatch(fields(mcp_param_region=["eu"]), call(), SCHEMA) is not None
    assert mismatch(fields(mcp_param_region=["eu"]), call(region=None), SCHEMA) is not None
    assert mismatch(fields(mcp_param_other=["eu"]), call(), SCHEMA) is None


def test_an_earlier_revision_needs_none_and_may_lie_in_none():
    message = {"method": "tools/call", "params": {"name": "read", "arguments": {"region": "eu"}}}
    assert mismatch({}, message, SCHEMA) is None
    assert mismatch({"mcp-param-region": ["eu"]}, message, SCHEMA) is None
    assert mismatch({"mcp-param-region": ["us"]}, message, SCHEMA) is not None
    assert mismatch({"mcp-param-count": ["1"]}, message, SCHEMA) is not None
    assert mismatch({"mcp-protocol-version": ["2025-11-25"]}, message, None) is None
    assert mismatch({"mcp-name": ["read"], "mcp-method": ["tools/call"]}, message, None) is None
    assert mismatch({"mcp-name": ["write"]}, message, None) is not None
    assert mismatch({"mcp-method": ["tools/list"]}, message, None) is not None
    assert mismatch({"mcp-protocol-version": ["2026-07-28"]}, message, None) is None
    assert mismatch({"mcp-protocol-version": ["2025-11-25", "2025-06-18"]}, message, None) is not None
