"""The digests under which what a browser carries to a provider and back is kept."""

from django.utils.crypto import salted_hmac


def digest_of(kind: str, text: str) -> str:
    """Return the keyed digest under which a state or nonce is kept, in hexadecimal."""
    return salted_hmac(f"auth_providers.sign_in.{kind}", text, algorithm="sha256").hexdigest()
