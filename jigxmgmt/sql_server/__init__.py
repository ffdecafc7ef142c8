"""SQL Server as this installation's own database; Django finds `base` by its name."""
