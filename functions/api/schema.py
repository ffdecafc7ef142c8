"""What the OpenAPI document says beyond what its generator finds."""

from typing import Any

PROBLEM = "application/problem+json"
CALLS_PATH = "/api/v1/solutions/{id}/functions/{name}/calls"

Document = dict[str, Any]

_REFUSALS = {
    "400": "The body is not JSON.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "This person, or this token, may not run it.",
    "404": "There is no such solution or function, or none that this person sees.",
    "409": "With this `Idempotency-Key` the call is still running, or ran before.",
    "413": "The body is too large.",
    "422": "A parameter, the key or another member is at fault; or it runs on the device.",
    "429": "The organization has too many calls at once.",
    "503": "No worker took it, so that nothing was sent.",
    "504": "No reply came in time; the service may have been called.",
}
_COMPONENTS: dict[str, Document] = {
    "Fault": {
        "type": "object",
        "required": ["pointer", "detail", "code"],
        "properties": {
            "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901) into the input."},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "file": {"type": "string", "description": "Of a published solution."},
            "line": {"type": "integer", "minimum": 1},
        },
    },
    "Problem": {
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "correlation_id"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "Stable, in snake_case."},
            "correlation_id": {"type": "string", "format": "uuid"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        },
    },
    "CallRequest": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "parameters": {"type": "object", "additionalProperties": True},
            "entity": {"type": ["string", "null"]},
            "command_id": {"type": ["string", "null"]},
            "queries": {"type": "object", "additionalProperties": True},
        },
    },
    "CallError": {
        "type": "object",
        "description": "What the service said, as the function's handler puts it.",
        "required": [
            "name", "title", "description", "details", "notification", "alert", "retry", "status",
        ],
        "properties": {
            "name": {"type": "string", "examples": ["UpstreamError", "UpstreamTimeout"]},
            "title": {"type": "string"},
            "description": {},
            "details": {},
            "notification": {},
            "alert": {},
            "retry": {},
            "icon": {},
            "group": {},
            "status": {"type": ["integer", "null"], "description": "The service's."},
        },
    },
    "CallAnswer": {
        "type": "object",
        "required": [
            "correlation_id", "function", "version", "status", "output", "records", "operations",
            "error", "upstream", "timing_ms", "warnings",
        ],
        "properties": {
            "correlation_id": {"type": "string", "format": "uuid"},
            "function": {"type": "string"},
            "version": {"type": "integer"},
            "status": {"type": "string", "enum": ["ok", "skipped", "error"]},
            "output": {"description": "What the function gives: any JSON."},
            "records": {"type": "array", "items": {}},
            "operations": {"type": "array", "items": {"type": "object"}},
            "error": {"oneOf": [{"$ref": "#/components/schemas/CallError"}, {"type": "null"}]},
            "upstream": {
                "type": "object",
                "properties": {
                    "status": {"type": ["integer", "null"]},
                    "pages": {"type": "integer"},
                },
            },
            "timing_ms": {"type": "object", "additionalProperties": {"type": "integer"}},
            "warnings": {"type": "array", "items": {"type": "object"}},
        },
    },
}  # fmt: skip


def describe_calls(result: Document, **_: Any) -> Document:
    """Add the path of calls, whose view is not the framework's, and how every path refuses.

    A postprocessing hook of the generator, which gives all arguments by name.
    """
    result["components"]["schemas"].update(_COMPONENTS)
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = _answer("Any refusal.", PROBLEM, "Problem")
    result["paths"][CALLS_PATH] = {"post": _run_operation()}
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def _run_operation() -> Document:
    refusals = {status: _answer(words, PROBLEM, "Problem") for status, words in _REFUSALS.items()}
    return {
        "operationId": "solutions_functions_calls_create",
        "description": "Run a function. 200 whenever it ran, also when the service said no.",
        "tags": ["solutions"],
        "security": [{"bearer": []}],
        "parameters": [
            _parameter("id", "path", {"type": "string", "format": "uuid"}),
            _parameter("name", "path", {"type": "string"}),
            _parameter("Idempotency-Key", "header", {"type": "string", "maxLength": 255}),
        ],
        "requestBody": {"content": _content("application/json", "CallRequest")},
        "responses": {
            "200": _answer("It ran.", "application/json", "CallAnswer"),
            **refusals,
        },
    }


def _parameter(name: str, place: str, schema: Document) -> Document:
    parameter = {"name": name, "in": place, "schema": schema}
    return parameter | {"required": True} if place == "path" else parameter


def _answer(description: str, media_type: str, component: str) -> Document:
    return {"description": description, "content": _content(media_type, component)}


def _content(media_type: str, component: str) -> Document:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{component}"}}}
