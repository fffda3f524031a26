"""One module a verb. A verb takes plain values and returns values; only `cli` prints."""
