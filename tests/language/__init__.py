"""Every construct of the language, against plain NumPy and finite differences."""
