"""The browser of a device, as far as a provider needs one: cookies, redirects and forms."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

MOST_STEPS = 12


class Browserless:
    """One person's browser; who is signed in at the provider stays so."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"

    def sign_in(self, authorization_url: str, *, email: str, redirect_url: str) -> dict[str, str]:
        """Sign in, consent, and return the query with which the provider sends us back."""
        return self._walk(authorization_url, redirect_url, {"email": email, "answer": "yes"})

    def cancel(self, authorization_url: str, *, redirect_url: str) -> dict[str, str]:
        """Turn back at the provider's first form."""
        return self._walk(authorization_url, redirect_url, {"answer": "no"})

    def sign_out(self, end_session_url: str, *, redirect_url: str) -> dict[str, str]:
        """Confirm at the provider that its session shall end."""
        return self._walk(end_session_url, redirect_url, {"logout": "yes"})

    def _walk(self, url: str, redirect_url: str, answers: dict[str, str]) -> dict[str, str]:
        given: dict[str, str] | None = None
        for _step in range(MOST_STEPS):
            answer = self._session.request(
                "GET" if given is None else "POST",
                url,
                data=given,
                allow_redirects=False,
                timeout=10,
            )
            form = _Form(answer.text)
            if answer.is_redirect:
                url, given = urljoin(url, answer.headers["Location"]), None
                if url.startswith(redirect_url):
                    return dict(parse_qsl(urlsplit(url).query))
            elif answer.ok and form.is_there:
                url, given = urljoin(url, form.action), form.hidden | answers
            else:
                raise AssertionError(f"{answer.status_code} at {url}: {answer.text[:500]}")
        raise AssertionError(f"The provider went in circles, at last to {url}")


class _Form(HTMLParser):
    """What a page's form sends by itself, and where to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.is_there = False
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_there, self.action = True, found.get("action", "")
        elif tag == "input" and found.get("type") == "hidden":
            self.hidden[found["name"]] = found.get("value", "")
