"""The benchmarks of docs/performance.md: the real pages beside a bare Flask route, on one server, in one run."""
