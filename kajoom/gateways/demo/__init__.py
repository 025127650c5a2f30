"""The demonstration: a simulated payment provider and hosting panel."""
