"""The directory's door: SCIM 2.0 (RFC 7643, 7644) over the organization's own rows."""
