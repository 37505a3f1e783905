"""What the kernel charges for a piece of data in a queue: its size and the overhead, as Linux on x86-64 rounds them."""

from __future__ import annotations

HEAD_ROOM = 3_776
"""Bytes of a chunk that fit into its linear part (SKB_MAX_HEAD(0); x86-64)."""
MOST_PAGED = 17 * 4096
"""Bytes that fit into the pages of one chunk (MAX_SKB_FRAGS)."""


def truesize(size: int, head_room: int = HEAD_ROOM) -> int:
    """Compute what a chunk of `size` bytes is charged: a power of two for its head, pages for the rest, 256."""
    paged = min(size, -(-max(0, size - head_room) // 4096) * 4096, MOST_PAGED)
    head = 1 << (max(size - paged + 320, 512) - 1).bit_length()
    return head + 256 + -(-paged // 4096) * 4096
