"""The benchmarks of the README: the real pages beside a bare Flask route, on one server, in one run."""
