#pragma once

#include <spawn.h>

/// Functions of glibc for spawned processes that Swift cannot call, because it reads the headers without _GNU_SOURCE.
/// Both return 0 or an errno.

/// Makes the child close every descriptor from `first` on.
int spawn_actions_close_from(posix_spawn_file_actions_t *actions, int first);

/// Makes the child start in `folder`.
int spawn_actions_change_folder(posix_spawn_file_actions_t *actions, const char *folder);
