"""Damages stored files as disks do."""


def damage_file(path, source):
    """Flips a bit of a few bytes anywhere, or cuts the end off. source: a random.Random."""
    size = path.stat().st_size
    if source.random() < 0.3:
        with open(path, "r+b") as file:
            file.truncate(source.randrange(size))
        return
    for _ in range(3):
        flip_bit(path, source.randrange(size), source.randrange(8))


def flip_bit(path, offset, bit=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))
