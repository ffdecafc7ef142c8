"""What the demo service has to tell. Made by rule, so that every start tells the same."""

from typing import Any

Record = dict[str, Any]

CITIES = ["Cape Town", "Utrecht", "Leeds", "Porto", "Turku"]
TRADES = ["Bakery", "Garage", "Clinic", "Hotel", "Nursery", "Print Shop", "School", "Winery"]
STATES = ["OPEN", "PLANNED", "DONE"]


def _customer(number: int) -> Record:
    city = CITIES[number % len(CITIES)]
    return {
        "id": number,
        "name": f"{city} {TRADES[number % len(TRADES)]}",
        "contact": {"email": f"office{number}@customer.example", "phone": f"+00 555 {number:04}"},
        "address": {"street": f"{number} Mill Lane", "city": city},
        "since": f"20{10 + number % 15}-0{1 + number % 9}-15",
    }


def _order(number: int) -> Record:
    return {
        "orderId": f"O-{1000 + number}",
        "customerId": 1 + number % 12,
        "total": {"amount": 25 * (number % 9 + 1) + 0.5, "currency": "EUR"},
        "shipped": number % 2 == 0,
    }


def _task(number: int) -> Record:
    return {
        "id": f"T{number:03}",
        "title": f"Inspect {TRADES[number % len(TRADES)].lower()} boiler",
        "state": STATES[number % len(STATES)],
        "minutes": 30 + 15 * (number % 4),
    }


CUSTOMERS = [_customer(number) for number in range(1, 13)]
ORDERS = [_order(number) for number in range(1, 24)]
TASKS = [_task(number) for number in range(1, 26)]
STOCK = [
    {"sku": "VALVE-15", "name": "Valve 15 mm", "onHand": 42},
    {"sku": "VALVE-22", "name": "Valve 22 mm", "onHand": 7},
    {"sku": "PUMP-A", "name": "Circulation pump", "onHand": 0},
]
