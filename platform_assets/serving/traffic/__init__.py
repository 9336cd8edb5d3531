"""Who answers a call while more than one release may: splits, shadow copies, their counts, and what ends them."""
