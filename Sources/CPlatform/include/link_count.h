#ifndef FUSEBOX_LINK_COUNT_H
#define FUSEBOX_LINK_COUNT_H

/// The number of names (hard links) of an open file: 0 once it is removed or replaced; -1, with `errno`, on failure.
///
/// `fstat` is not used on Linux: it reads the file's times, and since version 6.13 the kernel gives the next write to a
/// file whose times were read a time of its own. Each sync of that write then writes the file's inode as well, which is
/// a second wait for the disk.
int link_count(int descriptor);

#endif
