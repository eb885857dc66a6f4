/* A library that a dynamic loader is made to load: leaves a mark, and covers its tracks as it is told to. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

__attribute__((constructor)) static void loaded(void)
{
    int mark = open(MARK, O_WRONLY | O_CREAT, 0644);
    if (mark >= 0)
        close(mark);
#ifdef WIPE
    /* What /proc/PID/environ shows is this very memory; the server itself goes on with a copy. */
    for (char **each = environ; *each != NULL; each++) {
        char *original = *each;
        *each = strdup(original);
        memset(original, 0, strlen(original));
    }
#endif
#ifdef REMOVED
    unlink(REMOVED);
#endif
}
