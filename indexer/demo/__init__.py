"""The demo: a catalogue of real products, fetched at run time, and a tour of what can be done with it."""
