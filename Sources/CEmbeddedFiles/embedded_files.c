#include "embedded_files.h"

// Paths are relative to this file. A file that is added to `migrations/` has to be added to the table by hand; a test
// compares the two.

static const unsigned char create_tables[] = {
#embed "../../migrations/0001_create_tables.sql"
};

static const unsigned char create_audit[] = {
#embed "../../migrations/0002_create_audit.sql"
};

static const unsigned char create_changes[] = {
#embed "../../migrations/0003_create_changes.sql"
};

static const struct embedded_file migrations[] = {
    {"0001_create_tables.sql", create_tables, sizeof create_tables},
    {"0002_create_audit.sql", create_audit, sizeof create_audit},
    {"0003_create_changes.sql", create_changes, sizeof create_changes},
};

static const unsigned char openapi[] = {
#embed "../../openapi.yaml"
};

const struct embedded_file *embedded_migrations(void) {
    return migrations;
}

size_t embedded_migrations_count(void) {
    return sizeof migrations / sizeof migrations[0];
}

struct embedded_file embedded_openapi(void) {
    return (struct embedded_file){"openapi.yaml", openapi, sizeof openapi};
}
