"""A table that is easy to read on a terminal and is Markdown."""


class Table:
    """Columns are (title, width); the first holds names, the others figures."""

    def __init__(self, *columns):
        self.widths = [width for _, width in columns]
        self.print([title for title, _ in columns])
        self.line([":" + "-" * (self.widths[0] - 1)] + ["-" * (width - 1) + ":" for width in self.widths[1:]])

    def line(self, cells):
        print("| " + " | ".join(cells) + " |", flush=True)

    def print(self, cells):
        """One row; figures are given as text."""
        cells = [str(cell) for cell in cells]
        self.line([cells[0].ljust(self.widths[0])] + [cell.rjust(width) for cell, width in zip(cells[1:], self.widths[1:])])
