"""Paper in: opening piles of scans, telling pages apart, judging their boxes, filing them."""
