"""SLAs: what each mode of a product is held to is measured, its error budget told, and repeated breaches answered."""
