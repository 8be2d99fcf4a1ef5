#ifndef FUSEBOX_EMBEDDED_FILES_H
#define FUSEBOX_EMBEDDED_FILES_H

#include <stddef.h>

/// A file of the source tree, with its content at the time of compilation.
struct embedded_file {
    /// The file's name without its folder.
    const char *name;
    const unsigned char *bytes;
    size_t length;
};

/// The files of `migrations/`, in the order in which they are applied.
const struct embedded_file *embedded_migrations(void);
size_t embedded_migrations_count(void);

/// `openapi.yaml`.
struct embedded_file embedded_openapi(void);

/// The files of `Sources/Dashboard/`, ordered by name.
const struct embedded_file *embedded_dashboard(void);
size_t embedded_dashboard_count(void);

#endif
