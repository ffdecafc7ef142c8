"""Definitions as people write them, against services that answer in their real shapes."""

from typing import Any

from aiohttp import web

from functions.tests.engine.upstream import ADDRESS, Received, credential, play

GRAPH_TOKEN = "EwBgA8l6BAAUkj1NuJYtTVha"
CLICKUP_KEY = "pk_4753994_EXP7MPOJ7XQM5UJDV2M"


def graph_users(request: Received) -> web.Response:
    """Answer like GET /v1.0/users: 100 a page, the next by a link with a skip token."""
    assert request.headers["Authorization"] == f"Bearer {GRAPH_TOKEN}"
    start = int(request.fields.get("$skiptoken", "0"))
    users = [graph_user(number) for number in range(start, min(start + 100, 250))]
    page: dict[str, Any] = {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users",
        "value": users,
    }
    if start + 100 < 250:
        address = f"http://{request.headers['Host']}"
        page["@odata.nextLink"] = f"{address}/v1.0/users?$top=100&$skiptoken={start + 100}"
    return web.json_response(page)


def graph_user(number: int) -> dict[str, Any]:
    return {
        "businessPhones": [f"+1 425 555 {number:04}"],
        "displayName": f"Person {number}",
        "givenName": "Person",
        "jobTitle": None,
        "mail": f"person{number}@contoso.example",
        "mobilePhone": None,
        "officeLocation": "18/2111",
        "preferredLanguage": "en-US",
        "surname": str(number),
        "userPrincipalName": f"person{number}@contoso.example",
        "id": f"87d349ed-44d7-43e1-9a83-{number:012}",
    }


GRAPH = {
    "provider": "DATA_PROVIDER_REST",
    "method": "GET",
    "url": f"{ADDRESS}/v1.0/users",
    "format": "json",
    "parameters": {
        "accessToken": {
            "location": "header",
            "required": True,
            "type": "string",
            "value": "microsoft.OAuth",
        },
        "$top": {"location": "query", "required": False, "type": "int", "value": 100},
    },
    "outputTransform": """
        $.{
          "nextLink": $."@odata.nextLink",
          "data": [value.{
            "id": id,
            "name": displayName,
            "mail": mail,
            "title": jobTitle,
            "phone": businessPhones[0]
          }]
        }
    """,
    "records": "=$.data",
    "continuation": {
        "when": "=$.nextLink != null",
        "url": "=$.nextLink",
        "parameters": {
            "accessToken": {
                "location": "header",
                "required": True,
                "type": "string",
                "value": "microsoft.OAuth",
            }
        },
    },
}


class TestMicrosoftGraph:
    def test_reads_all_rows_of_all_pages_in_order(self) -> None:
        played = play(
            GRAPH, service=graph_users, credentials=(credential("microsoft.OAuth", GRAPH_TOKEN),)
        )

        assert played.outcome.status == "ok"
        assert played.outcome.pages == 3
        assert [row["name"] for row in played.outcome.records] == [
            f"Person {number}" for number in range(250)
        ]
        assert played.outcome.records[0] == {
            "id": "87d349ed-44d7-43e1-9a83-000000000000",
            "name": "Person 0",
            "mail": "person0@contoso.example",
            "title": None,
            "phone": "+1 425 555 0000",
        }
        assert played.outcome.warnings == []

    def test_asks_for_the_first_page_as_the_definition_says(self) -> None:
        played = play(
            GRAPH, service=graph_users, credentials=(credential("microsoft.OAuth", GRAPH_TOKEN),)
        )

        assert [request.path for request in played.requests] == [
            "/v1.0/users?$top=100",
            "/v1.0/users?$top=100&$skiptoken=100",
            "/v1.0/users?$top=100&$skiptoken=200",
        ]


def clickup_tasks(request: Received) -> web.Response:
    """Answer like GET /api/v2/list/{id}/task: 100 a page, numbered from 0."""
    assert request.headers["Authorization"] == CLICKUP_KEY
    page = int(request.fields["page"])
    tasks = [clickup_task(number) for number in range(page * 100, min(page * 100 + 100, 230))]
    return web.json_response({"tasks": tasks, "last_page": len(tasks) < 100})


def clickup_task(number: int) -> dict[str, Any]:
    return {
        "id": f"86{number:05}",
        "custom_id": None,
        "name": f"Task {number}",
        "status": {"status": "open", "color": "#d3d3d3", "orderindex": 0, "type": "open"},
        "date_created": "1567780450202",
        "creator": {"id": 183, "username": "Ann", "email": "ann@example.com"},
        "assignees": [{"id": 183, "username": "Ann"}] if number % 2 else [],
        "priority": None,
        "time_estimate": 3600000 + number,
        "list": {"id": "123"},
        "url": f"https://app.clickup.example/t/86{number:05}",
    }


CLICKUP = {
    "provider": "DATA_PROVIDER_REST",
    "method": "GET",
    "url": f"{ADDRESS}/api/v2/list/{{listId}}/task",
    "parameters": {
        "Authorization": {
            "location": "header",
            "required": True,
            "type": "secret",
            "value": "clickup-key",
        },
        "listId": {"location": "path", "required": True, "type": "string"},
        "archived": {"location": "query", "type": "boolean", "value": False},
        "page": {"location": "query", "type": "int", "value": 0},
    },
    "outputTransform": """
        {
          "tasks": [tasks.{
            "id": id,
            "name": name,
            "status": status.status,
            "assignee": assignees[0].username,
            "estimate": time_estimate
          }]
        }
    """,
    "records": "=$.tasks",
    "continuation": {
        "when": "=$count($.tasks) = 100",
        "parameters": {
            "Authorization": {
                "location": "header",
                "required": True,
                "type": "secret",
                "value": "clickup-key",
            },
            "listId": {
                "location": "path",
                "required": True,
                "type": "string",
                "value": "=@ctx.parameters.listId",
            },
            "page": {"location": "query", "type": "int", "value": "=@ctx.parameters.page + 1"},
        },
    },
}


class TestClickUp:
    def test_counts_pages_until_one_is_not_full(self) -> None:
        played = play(
            CLICKUP,
            service=clickup_tasks,
            parameters={"listId": "901"},
            credentials=(credential("clickup-key", CLICKUP_KEY),),
        )

        assert played.outcome.pages == 3
        assert [row["id"] for row in played.outcome.records] == [
            f"86{number:05}" for number in range(230)
        ]
        assert [request.fields["page"] for request in played.requests] == ["0", "1", "2"]
        assert played.requests[0].path == "/api/v2/list/901/task?archived=false&page=0"


KOKOPO = {
    "type": "Feature",
    "properties": {
        "mag": 5.1,
        "place": "56 km SSE of Kokopo, Papua New Guinea",
        "time": 1699990000123,
        "tz": None,
        "felt": 12,
        "tsunami": 0,
        "types": ",origin,phase-data,",
    },
    "geometry": {"type": "Point", "coordinates": [152.4631, -4.8244, 81.2]},
    "id": "us7000labc",
}
SANDWICH_ISLANDS = {
    "type": "Feature",
    "properties": {
        "mag": 4.6,
        "place": "South Sandwich Islands region",
        "time": 1699980000456,
        "tz": None,
        "felt": None,
        "tsunami": 0,
        "types": ",origin,phase-data,",
    },
    "geometry": {"type": "Point", "coordinates": [-26.1, -58.2, 10]},
    "id": "us7000labd",
}


def earthquakes(_request: Received) -> web.Response:
    """Answer like the USGS feed: GeoJSON, two features, nested."""
    return web.json_response(
        {
            "type": "FeatureCollection",
            "metadata": {
                "generated": 1700000000000,
                "title": "USGS Magnitude 4.5+ Earthquakes, Past Day",
                "status": 200,
                "api": "1.10.3",
                "count": 2,
            },
            "features": [KOKOPO, SANDWICH_ISLANDS],
            "bbox": [-26.1, -58.2, 10, 152.4631, -4.8244, 81.2],
        },
        content_type="application/geo+json",
    )


EARTHQUAKES = {
    "provider": "DATA_PROVIDER_REST",
    "url": f"{ADDRESS}/earthquakes/feed/v1.0/summary/4.5_day.geojson",
    "outputTransform": """
        features.{
          "id": id,
          "magnitude": properties.mag,
          "place": properties.place,
          "time": $fromMillis(properties.time),
          "felt": properties.felt,
          "position": {"lon": geometry.coordinates[0], "lat": geometry.coordinates[1]},
          "depth": geometry.coordinates[2]
        }
    """,
}


class TestEarthquakes:
    def test_flattens_nested_features(self) -> None:
        played = play(EARTHQUAKES, service=earthquakes)

        assert played.outcome.output == [
            {
                "id": "us7000labc",
                "magnitude": 5.1,
                "place": "56 km SSE of Kokopo, Papua New Guinea",
                "time": "2023-11-14T19:26:40.123Z",
                "felt": 12,
                "position": {"lon": 152.4631, "lat": -4.8244},
                "depth": 81.2,
            },
            {
                "id": "us7000labd",
                "magnitude": 4.6,
                "place": "South Sandwich Islands region",
                "time": "2023-11-14T16:40:00.456Z",
                "felt": None,
                "position": {"lon": -26.1, "lat": -58.2},
                "depth": 10,
            },
        ]
        assert played.outcome.records == played.outcome.output
