"""What consumers of batches read: the published file, and whether its rows may be acted on."""
