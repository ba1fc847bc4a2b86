"""The pure rules of telling others."""
