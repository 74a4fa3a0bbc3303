"""Suites that other projects wrote, in our own words."""
