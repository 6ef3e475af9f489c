"""The search index: words and characters, queries, highlights, and two engines behind one interface."""
