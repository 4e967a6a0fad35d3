"""A preprocessor of mdBook: what pages take from outside of the book, and links that leave it.

A line with `<!-- include FILE:ANCHOR -->` stands for what is between `<!-- ANCHOR: ... -->` and `<!-- ANCHOR_END: ... -->` in a file. mdBook
has such a thing of its own, which would be seen by everybody who reads the page where it is; they see the rest of that line.

On the site there are only the pages, while a page may link to a manifest or a test. With ZONEWRIGHT_REPOSITORY_URL, where the
files of the repository can be read (https://HOST/PROJECT/blob/BRANCH), such a link leads there; without it, its text stays.
What comes from the README links from the root of the repository.
"""

import json
import os
import posixpath
import re
import sys

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
INCLUDE = re.compile(r"^.*<!-- include (\S+):([\w-]+) -->.*$", re.M)
REPOSITORY = os.environ.get("ZONEWRIGHT_REPOSITORY_URL", "").rstrip("/")


def rewritten(page, source, root):
    folder = posixpath.join(source, posixpath.dirname(page))

    def link(found):
        mark, text, target = found.groups()
        path, hash_sign, anchor = target.partition("#")
        if not path or "://" in target or target.startswith("mailto:"):
            return found.group(0)
        for base in (folder, ""):
            full = posixpath.normpath(posixpath.join(base, path))
            if os.path.exists(os.path.join(root, full)):
                break
        if full.startswith(source + "/"):
            inside = posixpath.relpath(full, folder)
            return f"{mark}[{text}]({inside}{hash_sign}{anchor})"
        return f"{mark}[{text}]({REPOSITORY}/{full}{hash_sign}{anchor})" if REPOSITORY else text

    return link


def included(folder):
    def text(found):
        path, anchor = found.groups()
        with open(os.path.join(folder, path), encoding="utf-8") as file:
            _, rest = file.read().split(f"<!-- ANCHOR: {anchor} -->\n", 1)
        return rest.split(f"<!-- ANCHOR_END: {anchor} -->", 1)[0]

    return text


def without_code(text, change):
    """Changes what is neither in a fenced block nor in a span of code."""
    parts = re.split(r"(^ *```.*?^ *```$)", text, flags=re.M | re.S)
    for index in range(0, len(parts), 2):
        spans = re.split(r"(`[^`\n]+`(?!\]))", parts[index])
        spans[::2] = [LINK.sub(change, span) for span in spans[::2]]
        parts[index] = "".join(spans)
    return "".join(parts)


def walk(items, source, root):
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            if chapter["path"]:
                folder = os.path.join(root, source, os.path.dirname(chapter["path"]))
                chapter["content"] = INCLUDE.sub(included(folder), chapter["content"])
                change = rewritten(chapter["path"], source, root)
                chapter["content"] = without_code(chapter["content"], change)
            walk(chapter["sub_items"], source, root)


if len(sys.argv) > 2 and sys.argv[1] == "supports":
    sys.exit(0)
context, book = json.load(sys.stdin)
walk(book.get("items", book.get("sections", [])), context["config"]["book"]["src"], context["root"])
json.dump(book, sys.stdout)
