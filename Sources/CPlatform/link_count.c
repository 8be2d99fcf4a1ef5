#define _GNU_SOURCE  // for statx

#include "link_count.h"

#include <fcntl.h>
#include <sys/stat.h>

int link_count(int descriptor) {
#ifdef __linux__
    struct statx status;
    return statx(descriptor, "", AT_EMPTY_PATH, STATX_NLINK, &status) == 0 ? (int)status.stx_nlink : -1;
#else
    struct stat status;
    return fstat(descriptor, &status) == 0 ? (int)status.st_nlink : -1;
#endif
}
