"""Filters and sorting (RFC 7644 3.4.2): the database narrows, the library decides."""

from collections.abc import Iterable, Mapping
from typing import Any, Union, cast

from scim2_models import Resource, ScimFilter, SearchRequest
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import SearchPage
from scim2_server.utils import parametrize


def equal_to(wanted: ScimFilter[Any] | None, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the condition by which the database finds what `attribute eq "text"` may match.

    Directories look people up like this before each change. Any other filter is tried on all rows.
    """
    node = wanted.ast if wanted is not None else None
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq:
        return {}
    column = columns.get(str(node.attr_path).rpartition(":")[2].casefold())
    if column is None or not isinstance(node.value, str):
        return {}
    return {f"{column}__iexact": node.value}


def page_of(found: Iterable[Resource[Any]], request: SearchRequest[Any]) -> SearchPage:
    """Return the page of those that match, sorted as asked, else by id."""
    candidates = list(found)
    wanted = request.filter
    if wanted is not None and not wanted.models and candidates:
        models = tuple(dict.fromkeys(type(resource) for resource in candidates))
        wanted = parametrize(ScimFilter, Union[models])(str(wanted))  # noqa: UP007
    matching = [item for item in candidates if wanted is None or wanted.match(item)]
    is_descending = (
        request.sort_by is not None and request.sort_order == SearchRequest.SortOrder.descending
    )
    matching.sort(key=lambda item: _sort_key(request, item), reverse=is_descending)
    start = request.start_index_0 or 0
    stop = None if request.count is None else start + request.count
    return SearchPage(len(matching), matching[start:stop])


def _sort_key(request: SearchRequest[Any], resource: Resource[Any]) -> tuple[bool, Any, str]:
    """Order by the value, those without one last, then by id."""
    value = request.sort_value(resource)
    return value is None, "" if value is None else value, cast(str, resource.id)
