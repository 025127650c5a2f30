"""The back doors: other systems behind ports of ours. No Flask, no tables."""
