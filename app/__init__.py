"""Almanac: the admin console for the model catalog of an LLM gateway."""
