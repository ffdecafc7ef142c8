"""SQL Server from our side: a driver behind one adapter, its sessions pooled, its faults named."""
