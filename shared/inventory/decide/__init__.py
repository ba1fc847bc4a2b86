"""The rules of stock, pure: operations to write, formulas to show, choices to make."""
