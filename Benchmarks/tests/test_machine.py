"""Tests of the description of the machine."""

import unittest
from pathlib import Path

from bench.machine import file_system

MOUNTS = """\
22 1 254:1 / / rw,relatime - ext4 /dev/root rw
23 22 0:20 / /tmp rw - tmpfs tmpfs rw
24 22 254:2 / /srv/my\\040data rw - xfs /dev/data rw
25 22 0:21 / /mnt rw - tmpfs tmpfs rw
26 22 254:3 / /mnt rw - btrfs /dev/other rw
"""


class FileSystem(unittest.TestCase):
    def test_a_folder_is_on_the_nearest_mount_above_it(self) -> None:
        for path, kind in [
            ("/", "ext4"), ("/tmp", "tmpfs"), ("/tmp/a/b", "tmpfs"), ("/tmpfiles", "ext4"), ("/srv/my data/a", "xfs"),
        ]:
            with self.subTest(path=path):
                self.assertEqual(file_system(Path(path), MOUNTS), kind)

    def test_a_later_mount_covers_an_earlier_one_at_the_same_path(self) -> None:
        self.assertEqual(file_system(Path("/mnt/a"), MOUNTS), "btrfs")


if __name__ == "__main__":
    unittest.main()
