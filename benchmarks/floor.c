/* The floor: every file below a directory hashed by two threads, with nothing but system calls and OpenSSL.
   usage: floor TREE          prints files and bytes; exits with 1 on any error */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 2, BUFFER = 256 * 1024 };

static char **paths;
static size_t count, room, next;
static unsigned long long total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what) { perror(what); exit(1); }

static void walk(const char *folder)
{
    DIR *open = opendir(folder);
    struct dirent *entry;
    if (!open) fail(folder);
    while ((entry = readdir(open))) {
        char *path;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (entry->d_type != DT_REG && entry->d_type != DT_DIR) continue;
        if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) fail("asprintf");
        if (entry->d_type == DT_DIR) { walk(path); free(path); continue; }
        if (count == room) {
            room = room ? 2 * room : 4096;
            if (!(paths = realloc(paths, room * sizeof *paths))) fail("realloc");
        }
        paths[count++] = path;
    }
    closedir(open);
}

static void *work(void *unused)
{
    unsigned char *buffer = malloc(BUFFER), digest[32];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    unsigned long long mine = 0;
    (void)unused;
    for (;;) {
        size_t each = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
        struct stat before, after;
        ssize_t got;
        int file;
        if (each >= count) break;
        if ((file = open(paths[each], O_RDONLY | O_NOFOLLOW | O_NONBLOCK)) < 0 || fstat(file, &before)) fail(paths[each]);
        EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
        while ((got = read(file, buffer, BUFFER)) > 0) { EVP_DigestUpdate(hash, buffer, got); mine += got; }
        EVP_DigestFinal_ex(hash, digest, NULL);
        if (got < 0 || fstat(file, &after) || after.st_size != before.st_size) fail(paths[each]);
        close(file);
    }
    pthread_mutex_lock(&lock);
    total += mine;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    if (argc != 2) return 2;
    walk(argv[1]);
    for (int i = 0; i < THREADS; i++) if (pthread_create(&threads[i], NULL, work, NULL)) fail("pthread_create");
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    printf("%zu %llu\n", count, total);
    return 0;
}
