"""The tests mirror the layers of ``kajoom``; ``architecture`` checks the rules of the code base itself."""
