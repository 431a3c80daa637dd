"""The outside world, one module each: tidy frames out, deliberate errors only."""
