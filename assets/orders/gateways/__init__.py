"""The other side of an order: one port, and one module for each kind of system that orders go to."""
