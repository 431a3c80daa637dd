"""What the numbers mean: comparisons and advice; frames in, frames out, no I/O."""
