"""Measures as FHIR R4: plain dicts, written by hand, checked against the library in the tests."""
