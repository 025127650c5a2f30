"""The benchmark of docs/performance.md: the application's pages and a bare Flask route, on one server, in one run."""
