"""Which addresses pass, one by one and as the answers to a name."""

import asyncio
import socket
from ipaddress import ip_network
from typing import Any

import pytest

from jigxmgmt.outbound import AddressRefused, Policy, Unreachable, resolve_and_vet, vet

REFUSED = (
    "0.0.0.0",  # noqa: S104 - never bound, only refused
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:168.63.129.16",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "127.1",
    "",
)
PUBLIC = (
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "::ffff:1.1.1.1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00::1",
)
UNSOUND_HOSTS = (
    "",
    "127.1",
    "0x7f.1",
    "1.1.1.1.",
    "example.0x7f",
    "a..b",
    "a b",
    "a" * 64,
    ".".join(["a" * 60] * 5),
    "[::1]",
    "fe80::1%lo",
    "1.1.1.1/x",
    "db.example@evil.example",
)


def allowing(*networks: str) -> Policy:
    return Policy(allowed_networks=tuple(ip_network(network) for network in networks))


class LoopWithNames(asyncio.SelectorEventLoop):
    """A loop whose name service answers as the test says."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__()
        self._addresses = addresses

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        if not self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self._addresses
        ]


def resolve(
    host: str, *addresses: str, port: int = 1433, policy: Policy | None = None
) -> list[str]:
    with asyncio.Runner(loop_factory=lambda: LoopWithNames(addresses)) as runner:
        return runner.run(resolve_and_vet(host, port, policy or Policy()))


class TestVet:
    @pytest.mark.parametrize("address", REFUSED)
    def test_refuses(self, address: str) -> None:
        with pytest.raises(AddressRefused):
            vet(address, Policy())

    @pytest.mark.parametrize("address", PUBLIC)
    def test_lets_public_addresses_through(self, address: str) -> None:
        vet(address, Policy())

    @pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"])
    def test_lets_through_what_the_operator_lists(self, address: str) -> None:
        vet(address, allowing("10.0.0.0/8", "fd12::/16"))

    def test_refuses_what_lies_beside_the_list(self) -> None:
        with pytest.raises(AddressRefused):
            vet("10.2.0.1", allowing("10.1.0.0/16"))

    @pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "168.63.129.16"])
    def test_opens_metadata_services_only_by_their_exact_address(self, address: str) -> None:
        vet(address, allowing(address))

        with pytest.raises(AddressRefused):
            vet(address, allowing("0.0.0.0/0", "::/0"))


class TestResolveAndVet:
    def test_returns_each_public_address_once_in_order(self) -> None:
        assert resolve("db.example", "1.1.1.1", "8.8.8.8", "1.1.1.1") == ["1.1.1.1", "8.8.8.8"]

    def test_leaves_out_the_refused_ones_of_a_mixed_answer(self) -> None:
        assert resolve("db.example", "10.0.0.1", "8.8.8.8") == ["8.8.8.8"]

    def test_refuses_a_name_that_has_only_refused_addresses(self) -> None:
        with pytest.raises(AddressRefused):
            resolve("db.example", "10.0.0.1", "127.0.0.1")

    def test_returns_private_addresses_that_the_operator_lists(self) -> None:
        policy = allowing("10.0.0.0/8")

        assert resolve("db.example", "10.0.0.1", policy=policy) == ["10.0.0.1"]

    def test_calls_a_name_without_address_unreachable(self) -> None:
        with pytest.raises(Unreachable):
            resolve("nowhere.example")

    @pytest.mark.parametrize("port", [0, -1, 65536])
    def test_refuses_a_port_that_cannot_be_connected_to(self, port: int) -> None:
        with pytest.raises(AddressRefused):
            resolve("db.example", "1.1.1.1", port=port)

    @pytest.mark.parametrize("host", UNSOUND_HOSTS)
    def test_refuses_hosts_that_parsers_read_differently(self, host: str) -> None:
        with pytest.raises(AddressRefused):
            resolve(host, "1.1.1.1")
