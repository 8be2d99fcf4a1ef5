#pragma once

#include <spawn.h>

/// What glibc can do with a process that is spawned, and keeps from Swift, which sees its headers without _GNU_SOURCE.
/// Both return 0 or an errno.

/// Has the child close each descriptor from `first` on.
int spawn_actions_close_from(posix_spawn_file_actions_t *actions, int first);

/// Has the child begin in `folder`.
int spawn_actions_change_folder(posix_spawn_file_actions_t *actions, const char *folder);
