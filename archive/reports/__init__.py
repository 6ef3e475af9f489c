"""Reports that an office hands in: one computation of figures, and the forms that it is given in."""
