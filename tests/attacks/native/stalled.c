/* A write(2) that has stamped its file and not yet copied a byte: its source is a page that is handed out on demand.
 *
 * stalled FILE: reads a file's new content from standard input, says "stalled" once the write hangs, and lets it go on
 * when standard input has another byte.
 */

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *page;
static size_t length;
static int target;

static void *hang(void *unused)
{
    (void)unused;
    return (void *)(pwrite(target, page, length, 0) == (ssize_t)length ? NULL : &target);
}

static void require(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

int main(int count, char **words)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *content = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(count == 3 && content != MAP_FAILED && page != MAP_FAILED, "mmap");
    length = (size_t)atoi(words[2]);
    require(length <= size && read(0, content, length) == (ssize_t)length, "read");
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    require(faults >= 0, "userfaultfd");
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register range = {.range = {(unsigned long)page, size}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    require(ioctl(faults, UFFDIO_API, &api) == 0 && ioctl(faults, UFFDIO_REGISTER, &range) == 0, "register");
    target = open(words[1], O_WRONLY);
    require(target >= 0, "open");
    pthread_t writer;
    require(pthread_create(&writer, NULL, hang, NULL) == 0, "thread");
    struct uffd_msg fault;
    struct pollfd waiting = {.fd = faults, .events = POLLIN};
    require(poll(&waiting, 1, 10000) == 1 && read(faults, &fault, sizeof fault) == sizeof fault, "fault");
    puts("stalled");
    fflush(stdout);
    char go;
    require(read(0, &go, 1) == 1, "go");
    struct uffdio_copy copy = {.dst = (unsigned long)page, .src = (unsigned long)content, .len = size};
    require(ioctl(faults, UFFDIO_COPY, &copy) == 0, "copy");
    void *failed;
    pthread_join(writer, &failed);
    puts("written");
    return failed == NULL ? 0 : 1;
}
