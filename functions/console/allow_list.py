"""The addresses that calls come from, and how a SQL Server's firewall is told of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orgs.console.entrance import ConsoleRequest, console_page


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of Azure SQL's firewall: a range of addresses, each end of it within."""

    name: str
    first: str
    last: str

    @property
    def statement(self) -> str:
        """Return the T-SQL that makes the rule, in the database master."""
        return (
            f"EXECUTE sp_set_firewall_rule @name = N'{self.name}',\n"
            f"@start_ip_address = '{self.first}',\n@end_ip_address = '{self.last}';"
        )


@require_safe
@console_page
def allow_list(request: ConsoleRequest) -> HttpResponse:
    addresses = settings.EGRESS_ADDRESSES
    rules = rules_for(addresses)
    context = {
        "addresses": addresses,
        "all_addresses": "\n".join(addresses),
        "rules": rules,
        "statements": "\n".join(rule.statement for rule in rules),
    }
    return render(request, "functions/allow_list.html", context)


def rules_for(addresses: Iterable[str]) -> list[Rule]:
    """Return a rule for each address or network of IPv4; that firewall knows no other."""
    networks = [ip_network(address, strict=False) for address in addresses]
    return [
        Rule(f"jigxmgmt {number}", str(network[0]), str(network[-1]))
        for number, network in enumerate((n for n in networks if n.version == 4), start=1)
    ]
