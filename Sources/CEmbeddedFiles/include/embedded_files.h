#ifndef FUSEBOX_EMBEDDED_FILES_H
#define FUSEBOX_EMBEDDED_FILES_H

#include <stddef.h>

/// A file of the source tree as it was when the program was compiled.
struct embedded_file {
    /// Its name without the folder.
    const char *name;
    const unsigned char *bytes;
    size_t length;
};

/// The files of `migrations/`, in the order in which they apply.
const struct embedded_file *embedded_migrations(void);
size_t embedded_migrations_count(void);

/// `openapi.yaml`.
struct embedded_file embedded_openapi(void);

/// The files of `Sources/Dashboard/`, by name.
const struct embedded_file *embedded_dashboard(void);
size_t embedded_dashboard_count(void);

#endif
