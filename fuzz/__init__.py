"""The fuzzer of decode, coerce and validate, and its kept corpus."""
