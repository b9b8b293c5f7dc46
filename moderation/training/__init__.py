"""Offline only: data, training, calibration, evaluation. Nothing at run time imports it."""
