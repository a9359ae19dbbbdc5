"""What a new release of the source means for what is generated from it."""
