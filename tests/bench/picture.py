"""A picture of the table: for each figure how the resolvers compare, the best peer at 1."""
from xml.sax.saxutils import escape

LEFT, WIDTH, ROW, BAR = 270, 520, 26, 7
COLOURS = {"cairn": "#0b7a75", "unbound": "#8d99ae", "kresd": "#b5838d", "pdns": "#a3b18a", "bind": "#c9ada7"}
MOST = 3.0  # ratios beyond are cut


def ratios(table, names, row, less):
    """{resolver: how much worse than the best peer}, below 1 for better."""
    values = {name: table.value(row, name) for name in names}
    peers = [value for name, value in values.items() if name != "cairn" and value]
    if not peers or not values.get("cairn"):
        return {}
    best = min(peers) if less else max(peers)
    return {name: (value / best if less else best / value) for name, value in values.items() if value}


def text(x, y, words, anchor="start", size=12, fill="currentColor"):
    """A line of words."""
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">'
            f'{escape(words)}</text>')


def draw(table, names, rows):
    """The picture, as SVG that reads well on light and dark."""
    shown = [(title, found) for title, row, _, less in rows if (found := ratios(table, names, row, less))]
    height = 70 + len(shown) * (ROW + BAR * (len(names) - 1))
    scale = WIDTH / MOST
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {height}" role="img" '
             'font-family="system-ui, sans-serif" style="color: #556">',
             "<title>Cairn and four peers, shorter is better</title>",
             text(LEFT, 20, "the best peer is 1; shorter is better", size=13)]
    for i, name in enumerate(names):
        parts.append(f'<rect x="{LEFT + 90 * i}" y="30" width="10" height="10" rx="2" fill="{COLOURS.get(name, "#999")}"/>')
        parts.append(text(LEFT + 90 * i + 15, 39, name))
    y = 60
    for title, found in shown:
        parts.append(text(LEFT - 12, y + BAR * len(found) / 2 + 4, title, "end"))
        for name, ratio in found.items():
            width = scale * min(ratio, MOST)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 1}" rx="2" '
                         f'fill="{COLOURS.get(name, "#999")}"/>')
            if name == "cairn" or ratio > MOST:
                parts.append(text(LEFT + width + 5, y + BAR - 1, f"{ratio:.2f}", size=10))
            y += BAR
        y += ROW - BAR
    parts.append(f'<line x1="{LEFT + scale:.1f}" y1="52" x2="{LEFT + scale:.1f}" y2="{y}" stroke="#889" '
                 'stroke-dasharray="3 3"/></svg>')
    return "\n".join(parts) + "\n"
