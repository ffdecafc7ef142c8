"""What OpenID Connect asks of a relying party, over plain data: no network, no database."""
